/** The classroom's strip beside a lesson: a learner's, or an instructor's. */
import { ShowSwitch } from "./classroom/showswitch.ts";
import { Strip } from "./classroom/strip.ts";
import { loadStrings } from "./strings.ts";

loadStrings();
const strip = document.querySelector<HTMLElement>("[data-classroom]");
if (strip) new Strip(strip).start();
for (const part of document.querySelectorAll<HTMLElement>("[data-show-part]")) new ShowSwitch(part);
