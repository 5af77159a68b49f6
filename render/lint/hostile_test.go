package lint

import (
	"strings"
	"testing"
)

// hostilePieces are what texts of 200 KB are made of that might take long.
var hostilePieces = []string{"{{", "{{a", "{{a}}", "{{{{", "{{#if x}}", "{{if x}}", "{{else}}", "{{/if}}", "{{endif}}", "[[sn.x ]]", "[[", "{% if x %}", "{!", "{{!", "{{! }}",
	"%a%", "*|A|*", "${a}", "<", "&quot;", "“", "**", "](", "[a](b)", "http://", "{{a | b}}", "{{a b=“c”}}", "    x\n\n", "(", "{{a(", "\\{{",
	"[a] ", "a\n\n", "#a\n", "\\{{a}} ", "{{#if a}}x{{/if}}", "http://a.b{{c}} ", "<a href=\"b\">", "{{customer.nam}} "}

// Texts that are made to take long are checked like others.
func BenchmarkHostile(b *testing.B) {
	for _, piece := range hostilePieces {
		text := strings.Repeat(piece, 200_000/len(piece))
		b.Run(piece, func(b *testing.B) {
			for b.Loop() {
				Folder(folderOf("subject: x\nmessage: |\n  "+strings.ReplaceAll(text, "\n", "\n  ")+"\n"), Options{})
			}
		})
	}
}
