// Package catalog reads a folder of templates: shortcuts, snippets, email templates, attachments and declared fields.
// It reports every fault with its place in a file, so that the author can correct it, and pins everything that one
// shortcut needs as a bundle. It renders nothing.
package catalog
