// Package render is the face of the renderer: it turns a shortcut's bundle, a
// recipient's context and a channel into the content that is sent: an email's
// subject, HTML and text, the text of an SMS with its segments, the Markdown of
// a chat or a note. It sends nothing and reads no file.
//
// Its rooms: catalog (the folder of templates), content (what values may be
// where they stand), lint (what is wrong with a catalog), handlebars (the
// language), plain and sms (texts).
package render
