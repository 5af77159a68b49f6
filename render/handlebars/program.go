package handlebars

import (
	"slices"

	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// source is a named source text.
type source struct {
	name  string
	text  string
	lines syntax.Lines // of text
}

// program is a compiled list of operations.
type program struct {
	src     *source
	ops     []op
	flat    []op         // ops with those of the branches of if and unless in their places
	inlines []*inlineDef // inline partials that it defines
	params  int          // declared block parameters
	scoped  bool         // declares block parameters
	plain   bool         // neither of both: it may be executed in the frame that it stands in
	pos     int          // where it begins
	kind    programKind
}

// programKind says what a program is of its source.
type programKind uint8

const (
	programBranch programKind = iota // a side of a block
	programWhole                     // all of it
	programLink                      // the {{else …}} that another branch stands in
)

// inlineDef is {{#*inline "name"}}…{{/inline}}.
type inlineDef struct {
	name *expr
	body *program
}

// opcode is what an op does.
type opcode uint8

const (
	opText    opcode = iota // nothing but its text
	opField                 // print a field of the context, escaped: the common case of opValue
	opValue                 // print expr; call, if set, when there is no value
	opPrint                 // print the result of call
	opIf                    // if and unless without options
	opEach                  //
	opWith                  //
	opSection               // {{#field}}
	opCall                  // a helper's block
	opPartial               //
	opSnippet               //
	opTest                  // of flat: go on if expr holds, or skip operations
	opJump                  // of flat: skip operations
)

// op is one operation.
type op struct {
	text    string // appended first
	keys    []key  // opField: of expr
	code    opcode
	short   bool  // text is one for appendShort
	raw     bool  // print without escaping
	mark    byte  // kind of the value or block, 0: none
	end     byte  // kind of the mark behind a block
	pos     int   // byte offset
	textPos int   // byte offset of text
	skip    int32 // opTest, opJump: how many operations
	whole   int32 // opTest: how many its branches have in all
	expr    *expr
	call    *callExpr
	body    *program
	other   *program // the inverse
	partial *partialCall
	snippet *snippetEntry
	spoken  *spoken // the language of a snippet that names its own
	show    Show    // of a value that isn't printed as it is
}

// spoken is the language that a snippet names.
type spoken struct {
	languages []string // best first
	locale    string   // its tag
}

// exprKind is the kind of an expression.
type exprKind uint8

const (
	exprLiteral exprKind = iota
	exprPath             // a field of the context, or of one further out
	exprParam            // a block parameter
	exprData             // an @variable
	exprCall             // a helper's result
)

// expr is a compiled expression.
type expr struct {
	kind   exprKind
	plain  bool     // exprPath of depth 0, where missing fields are no error
	head   bool     // stands where it is printed, not as an argument
	depth  int      // exprPath, exprData: number of ../
	level  int      // exprParam: blocks with parameters to go out
	index  int      // exprParam: which parameter
	data   dataName // exprData
	parts  []key    // the path, without parameter and @variable
	names  []string // of parts
	value  Value    // exprLiteral
	call   *callExpr
	pos    int
	source string // the path as written
}

// original is how the expression is written, a literal as it prints.
func (e *expr) original() string {
	if e.kind == exprLiteral {
		return e.value.Text()
	}
	return e.source
}

// callExpr is a compiled call of a helper.
type callExpr struct {
	src      *source
	pos      int
	name     string
	helper   *Helper
	args     []*expr
	names    []string // of the hash
	values   []*expr  // of the hash
	body     *program
	inverse  *program
	block    bool
	prepared any
}

// option finds a hash argument, -1 if it isn't given.
func (c *callExpr) option(name string) int { return slices.Index(c.names, name) }

// partialCall is a compiled partial statement.
type partialCall struct {
	src     *source
	pos     int
	name    string
	dynamic *expr         // computes the name
	static  *partialEntry // of the name; nil if only an inline partial can have it
	context *expr
	merge   bool     // has a hash, which is merged into the context
	names   []string // of the hash
	values  []*expr  // of the hash
	indent  string
	block   *program
}

const partialBlockName = "@partial-block"
