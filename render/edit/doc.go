// Package edit changes a folder of templates for an author who works elsewhere than in its files: it writes, renames and
// removes shortcuts and snippets, and leaves every line of a file that does not change as it is, comments too. What would
// not load or compile is not written.
package edit
