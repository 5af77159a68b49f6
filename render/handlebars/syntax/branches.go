package syntax

import (
	"strings"

	"github.com/aymerick/raymond/ast"
)

// Branch is one side of a block.
type Branch struct {
	Pos   int    // where its text begins: ast.Program's
	Tag   Span   // what begins it
	Label string // "if x", "^if x", "else of if x"; of {{else if y}}: "if y"
}

// Branches lists the sides of all blocks, in the order of the text. Blocks of partials and decorators have none.
func (t *Tree) Branches() []Branch {
	var out []Branch
	var walk func(p *ast.Program)
	block := func(b *ast.BlockStatement) {
		tags := t.Tags(b)
		if tags == nil || tags.Raw {
			return
		}
		label, inverted := t.Inside(tags.Open), false
		if rest, ok := strings.CutPrefix(label, "else"); ok && isElse(label) {
			label = strings.TrimSpace(rest)
		} else if label, inverted = strings.CutPrefix(label, "^"); inverted {
			label = "^" + strings.TrimSpace(label)
		} else {
			label = strings.TrimSpace(strings.TrimPrefix(label, "#"))
		}
		first, other := b.Program, b.Inverse
		if inverted {
			first, other = other, first
		}
		if first != nil {
			out = append(out, Branch{first.Pos, tags.Open, label})
			walk(first)
		}
		if other != nil && !other.Chained {
			out = append(out, Branch{other.Pos, tags.Else, "else of " + label})
		}
		walk(other)
	}
	walk = func(p *ast.Program) {
		if p == nil {
			return
		}
		for _, n := range p.Body {
			switch n := n.(type) {
			case *ast.BlockStatement:
				block(n)
			case *PartialBlock:
				walk(n.Program)
			case *Decorator:
				walk(n.Program)
			}
		}
	}
	walk(t.Program)
	return out
}

// isElse says whether a tag is {{else}} or {{else …}}.
func isElse(inside string) bool {
	rest, ok := strings.CutPrefix(inside, "else")
	return ok && (rest == "" || !isWord(rest[0]))
}

// Inside is the text of a tag without braces, tildes, and white space at its ends.
func (t *Tree) Inside(tag Span) string {
	s := strings.Trim(t.Source(tag), "{}")
	return strings.TrimFunc(strings.TrimSuffix(strings.TrimPrefix(s, "~"), "~"), IsSpace)
}
