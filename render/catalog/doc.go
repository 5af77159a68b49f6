// Package catalog reads a folder of templates: shortcuts, snippets, email
// templates, attachments and the fields that they may print. It places every
// fault in the file where its author can mend it, and pins what one shortcut
// needs as a bundle. It renders nothing.
package catalog
