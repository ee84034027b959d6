/** Make and change what is drawn. Only where something differs is the page touched. */
const SVG = "http://www.w3.org/2000/svg";

export function drawn(name: string, attributes: Record<string, string> = {}): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** A picture of the page's symbols. */
export function picture(symbol: string, className: string): SVGElement {
  const svg = drawn("svg", { class: className, "aria-hidden": "true" });
  svg.append(drawn("use", { href: `#${symbol}` }));
  return svg;
}

/** Set attributes that differ. */
export function set(element: Element, attributes: Record<string, string>): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
}

/** A length of the plan as CSS takes it. */
export function rem(length: number): string {
  return `${Math.round((length / 16) * 1000) / 1000}rem`;
}

/** Copy the only element of a template of the page. */
export function copy(root: ParentNode, selector: string): HTMLElement {
  const template = root.querySelector<HTMLTemplateElement>(selector);
  const element = template?.content.firstElementChild?.cloneNode(true);
  if (!(element instanceof HTMLElement)) throw new Error(`The page has no ${selector}.`);
  return element;
}
