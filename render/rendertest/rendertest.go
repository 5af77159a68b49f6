// Package rendertest holds what the tests of the renderer's rooms share.
package rendertest

import "testing/fstest"

// Folder makes a folder of files given as "path", "text", …
func Folder(files ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		fsys[files[i]] = &fstest.MapFile{Data: []byte(files[i+1]), Mode: 0o644}
	}
	return fsys
}

// GreetingSnippet is a snippet in three languages.
const GreetingSnippet = `
name: sn.greeting
source: en
texts:
  en: Hello {{customer.firstName}}
  de: Hallo {{customer.firstName}}
  fr: Bonjour {{customer.firstName}}
`

// LayoutEmail is an email template.
const LayoutEmail = `---
styles:
  p: margin:0 0 16px
---
<html><body style="overflow-wrap:anywhere">{{#if draft.preheader}}<div style="display:none">{{draft.preheader}}</div>{{/if}}
<table role="presentation"><tr><td>{{{draft.htmlBody}}}</td></tr></table>
<p>Sent to {{customer.email}} by {{user.displayName}}</p></body></html>
`
