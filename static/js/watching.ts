/** The pages of an instructor that look at a terminal: a learner's, or, on the projector, their own. */
import { Viewer } from "./classroom/viewer.ts";
import { WatchPage } from "./classroom/watchpage.ts";
import { find } from "./dom.ts";
import { loadStrings } from "./strings.ts";
import { ShowSwitch } from "./classroom/showswitch.ts";

loadStrings();
const watch = document.getElementById("watch");
if (watch) new WatchPage(watch).start();
const projector = document.getElementById("projector");
if (projector) {
  new Viewer(find(projector, "[data-viewer]"), {
    sight: (sight) => {
      projector.dataset["sight"] = sight;
    },
  }).start();
}
for (const part of document.querySelectorAll<HTMLElement>("[data-show-part]")) new ShowSwitch(part);
