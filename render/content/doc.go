// Package content writes what templates printed as the forms that channels want:
// HTML, plain text, Markdown. It says what a value may be where it stands.
//
// A template's output is cut into the author's text, the skeleton, and the
// values. The skeleton alone goes through Markdown, HTML and the conversion to
// plain text, once for all recipients that share it; each value is then written
// as its place wants it: as text, attribute, address, or comment.
package content
