// Package content turns the output of templates into the forms of the channels: HTML, plain text, Markdown. It
// decides which values are safe at their place.
//
// The output of a template consists of the author's text, the skeleton, and of values. Only the skeleton goes through
// Markdown, HTML and the conversion to plain text, once for all recipients that share it. Then each value is written
// in the form of its place: text, attribute, address, or comment.
package content
