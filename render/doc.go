// Package render turns a shortcut, a recipient's context and a channel into the
// content that is sent: an email's subject, HTML and text, the text of an SMS
// with its segments, the Markdown of a chat or a note. It owns the catalog of
// templates and the bundles that pin what one shortcut needs. It sends nothing
// and reads no file but those of the catalog.
//
// Values never change the structure of a content. A template's output is cut
// into the author's text, the skeleton, and the values; the skeleton alone goes
// through Markdown, HTML and the conversion to plain text, once for all
// recipients that share it, and each value is then written as its place wants
// it: as text, attribute, address, or comment.
package render
