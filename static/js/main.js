// Every page: the elements that the frame of a page uses. A page adds its own entry module in the "scripts" block.
// Modules import each other by the names of the import map ("lib/…", "elements/…"), so that file names can carry a hash.
import "elements/local-time";
import "elements/theme-toggle";
