import type { ITheme } from "@xterm/xterm";

/** The sixteen colours of a terminal, for dark and for light ground; each readable on it (contrast 4.5 or more). */
const ON_DARK: ITheme = {
  black: "#3b3f5c", red: "#ff7a7a", green: "#7fd88f", yellow: "#ffc45c",
  blue: "#82aaff", magenta: "#d6a1ff", cyan: "#6fd6d6", white: "#d9dbe8",
  brightBlack: "#8f95b8", brightRed: "#ff9b9b", brightGreen: "#a5e8b0", brightYellow: "#ffd98f",
  brightBlue: "#a9c4ff", brightMagenta: "#e4c1ff", brightCyan: "#9fe8e8", brightWhite: "#ffffff",
};
const ON_LIGHT: ITheme = {
  black: "#24263a", red: "#b3261e", green: "#1f6b32", yellow: "#7a5200",
  blue: "#2350b8", magenta: "#7d3aa8", cyan: "#0b6470", white: "#5b5f78",
  brightBlack: "#5b5f78", brightRed: "#a01515", brightGreen: "#175a27", brightYellow: "#6a4700",
  brightBlue: "#1a3f99", brightMagenta: "#672d8c", brightCyan: "#07525c", brightWhite: "#24263a",
};

type Rgb = readonly [number, number, number];

/** Return the red, green and blue, 0-255, that a CSS colour comes to. */
function rgbOf(color: string): Rgb {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return [0, 0, 0];
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}

function isDark([red, green, blue]: Rgb): boolean {
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

function css([red, green, blue]: Rgb, alpha = 1): string {
  return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}

/** Read the terminal's theme from the page's custom properties, as they are now. */
export function themeOf(element: HTMLElement): ITheme {
  const style = getComputedStyle(element);
  const ground = rgbOf(style.backgroundColor);
  const text = rgbOf(style.color);
  const accent = rgbOf(style.caretColor);
  return {
    ...(isDark(ground) ? ON_DARK : ON_LIGHT),
    background: css(ground),
    foreground: css(text),
    cursor: css(accent),
    cursorAccent: css(ground),
    selectionBackground: css(accent, 0.35),
    scrollbarSliderBackground: css(text, 0.25),
    scrollbarSliderHoverBackground: css(text, 0.4),
    scrollbarSliderActiveBackground: css(text, 0.5),
  };
}

/** Call back whenever the page's theme may have changed. */
export function onThemeChange(callback: () => void): void {
  new MutationObserver(callback).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback);
}
