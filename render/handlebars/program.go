package handlebars

// program is a compiled list of operations.
type program struct {
	src    *source
	ops    []op
	params int  // declared block parameters
	scoped bool // declares block parameters, even if none
	inline []*inlineDef
	text   string // of a raw block or plain text program
}

// opcode is what an op does.
type opcode uint8

const (
	opText    opcode = iota // append text
	opField                 // append expr, escaped; the common plain path
	opValue                 // append expr, escaped
	opRaw                   // append expr as it is
	opIf                    // built-in if and unless
	opEach                  // built-in each
	opWith                  // built-in with
	opSection               // {{#field}}
	opCall                  // helper called as a block, or with a result to append raw
	opPartial               //
	opSnippet               //
	opPrint                 // append the result of a helper, escaped
)

// op is one operation.
type op struct {
	code   opcode
	negate bool // opIf: unless
	text   string
	expr   *expr
	call   *callExpr
	part   *partialCall
	snip   *snippetEntry
	body   *program
	other  *program // the inverse
	pos    int
}

// exprKind is the kind of an expression.
type exprKind uint8

const (
	exprLiteral exprKind = iota
	exprPath             // field path in the context, or out of it by depth
	exprParam            // block parameter
	exprData             // @variable
	exprCall             // sub-expression
)

// expr is a compiled expression.
type expr struct {
	kind   exprKind
	depth  int // exprPath, exprData: number of ../
	level  int // exprParam: enclosing declarations to go out
	index  int // exprParam: which parameter
	data   dataName
	parts  []string
	value  Value
	call   *callExpr
	pos    int
	strict bool // the last part must exist, in strict mode
	source string
}

func (e *expr) original() string {
	if e.kind == exprLiteral {
		return e.value.Text()
	}
	return e.source
}

// callExpr is a compiled helper call.
type callExpr struct {
	src      *source
	pos      int
	name     string
	helper   *Helper
	args     []*expr
	names    []string // hash
	values   []*expr
	body     *program
	inverse  *program
	block    bool
	prepared any
}

func (c *callExpr) isBlock() bool { return c.block }

func (c *callExpr) option(name string) int {
	for i := len(c.names) - 1; i >= 0; i-- {
		if c.names[i] == name {
			return i
		}
	}
	return -1
}

// partialCall is a compiled partial statement.
type partialCall struct {
	src     *source
	pos     int
	name    string // static name
	dynamic *expr
	static  *partialEntry // nil if only an inline partial can have the name
	context *expr
	names   []string
	values  []*expr
	indent  string
	block   *program
	block2  bool // {{> @partial-block}}
}

// inlineDef is {{#*inline "name"}}…{{/inline}}.
type inlineDef struct {
	name *expr
	body *program
	pos  int
}
