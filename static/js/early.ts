/** Runs before the first paint: the reader's theme and story choice go onto <html>, so that nothing flashes. */
import { loadChoice, STORY, THEME } from "./site/choices.ts";

const html = document.documentElement;
html.dataset["theme"] = loadChoice(THEME);
html.dataset["story"] = loadChoice(STORY);
html.classList.add("has-script");
