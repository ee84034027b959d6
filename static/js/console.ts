/** The instructor's console, and the class's wall: both show the same room. */
import { ConsolePage } from "./classroom/consolepage.ts";
import { Wall } from "./classroom/wall.ts";
import { loadStrings } from "./strings.ts";

loadStrings();
const page = document.querySelector<HTMLElement>("[data-console]");
if (page) new ConsolePage(page).start();
const wall = document.querySelector<HTMLElement>("[data-wall]");
if (wall) new Wall(wall).start();
