/** The learners who are selected, by id. */
export class Selection {
  private readonly ids = new Set<number>();
  private readonly listeners: (() => void)[] = [];

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  get all(): number[] {
    return [...this.ids];
  }

  get size(): number {
    return this.ids.size;
  }

  has(id: number): boolean {
    return this.ids.has(id);
  }

  set(id: number, isSelected: boolean): void {
    if (isSelected) this.ids.add(id);
    else this.ids.delete(id);
    this.tell();
  }

  replace(ids: Iterable<number>): void {
    this.ids.clear();
    for (const id of ids) this.ids.add(id);
    this.tell();
  }

  /** Forget those who are not there any more. */
  keep(there: (id: number) => boolean): void {
    const gone = this.all.filter((id) => !there(id));
    for (const id of gone) this.ids.delete(id);
    if (gone.length) this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}
