/** What every page can do with a script, and does without where it must: choices, copy buttons, quizzes in place. */
import { bindChoices } from "./site/switches.ts";
import { bindCopyButtons } from "./site/copy.ts";
import { bindMenus } from "./site/menus.ts";
import { bindQuizzes } from "./site/quiz.ts";
import { bindWorkshopForms } from "./site/workshopform.ts";
import { showLocalTimes } from "./site/times.ts";
import { bindSolutions } from "./site/solutions.ts";
import { loadStrings } from "./strings.ts";

loadStrings();
bindChoices(document);
bindCopyButtons(document);
bindQuizzes(document);
bindSolutions(document);
bindMenus(document);
showLocalTimes(document);
bindWorkshopForms(document);
