// Package redact finds texts that nobody may read any more, however they are written: in another case or another form of
// the same letters, divided by signs, blanks, line breaks or quotation marks, and encoded as entities, percent, quoted
// printable or base64. Texts are compared by their letters and digits alone. The time is linear in the text that is
// searched, and the memory in the texts that are looked for. It is not for pictures, nor for words that mean the same.
package redact
