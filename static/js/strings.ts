/**
 * The texts that scripts show. They stand, translated by Django, in `<template data-strings>` elements of the page,
 * one `<p data-s="name">` each; `{name}` in a text is filled in here.
 */
const texts = new Map<string, string>();

export function loadStrings(page: ParentNode = document): void {
  for (const template of page.querySelectorAll<HTMLTemplateElement>("template[data-strings]")) {
    for (const text of template.content.querySelectorAll<HTMLElement>("[data-s]")) {
      texts.set(text.dataset["s"] ?? "", text.textContent?.trim() ?? "");
    }
  }
}

/** Return the text, or "" for one the page does not bring: the caller has something to show without words. */
export function say(name: string, values: Record<string, string | number> = {}): string {
  return (texts.get(name) ?? "").replace(/\{(\w+)\}/g, (whole, key: string) => String(values[key] ?? whole));
}
