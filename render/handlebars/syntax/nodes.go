package syntax

import "github.com/aymerick/raymond/ast"

// The node types that Handlebars 4 and snippets add to raymond's tree. A visitor
// made for raymond's nodes doesn't see them: their Accept returns nil.
const (
	NodePartialBlock ast.NodeType = iota + ast.NodeHashPair + 1
	NodeDecorator
	NodeSnippet
	NodeUndefined
	NodeNull
)

// PartialBlock is {{#> name}}…{{/name}}. The embedded statement has its name,
// parameters and hash; Strip is unused.
type PartialBlock struct {
	ast.PartialStatement
	Program    *ast.Program
	OpenStrip  *ast.Strip
	CloseStrip *ast.Strip
}

// Accept is the entry point for visitors.
func (*PartialBlock) Accept(ast.Visitor) any { return nil }

// Decorator is {{* name}} or, with a Program, {{#*name}}…{{/name}}: the inline partial.
type Decorator struct {
	ast.NodeType
	ast.Loc
	Expression *ast.Expression
	Program    *ast.Program // nil without a block
	Strip      *ast.Strip   // of {{* name}}
	OpenStrip  *ast.Strip
	CloseStrip *ast.Strip
}

// String describes the node, for debugging.
func (*Decorator) String() string { return "Decorator" }

// Accept is the entry point for visitors.
func (*Decorator) Accept(ast.Visitor) any { return nil }

// SnippetRef is [[sn.name]], or [[sn.name lang=fr]].
type SnippetRef struct {
	ast.NodeType
	ast.Loc
	Name     string // with its prefix: sn.name
	Language string // as it is written; "" for the message's
}

// String describes the node, for debugging.
func (s *SnippetRef) String() string { return "Snippet{" + s.Name + "}" }

// Accept is the entry point for visitors.
func (*SnippetRef) Accept(ast.Visitor) any { return nil }

// Undefined is the literal undefined, Null the literal null.
type (
	// UndefinedLiteral is the literal undefined.
	UndefinedLiteral struct {
		ast.NodeType
		ast.Loc
	}
	// NullLiteral is the literal null.
	NullLiteral struct {
		ast.NodeType
		ast.Loc
	}
)

// String describes the node, for debugging.
func (*UndefinedLiteral) String() string { return "undefined" }

// Accept is the entry point for visitors.
func (*UndefinedLiteral) Accept(ast.Visitor) any { return nil }

// String describes the node, for debugging.
func (*NullLiteral) String() string { return "null" }

// Accept is the entry point for visitors.
func (*NullLiteral) Accept(ast.Visitor) any { return nil }
