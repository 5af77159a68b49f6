package handlebars

import (
	"context"
	"time"
)

// Helper is a function that templates can call. Exactly one of Func and Append
// is set.
type Helper struct {
	Name string

	// MinArgs and MaxArgs bound the number of positional arguments, checked when
	// a call is compiled. MaxArgs < 0 means any number.
	MinArgs, MaxArgs int

	// Options are the names of the hash arguments (name=value) that a call may
	// give; a name ending in "*" stands for all names. Checked when compiled.
	Options []string

	// Form says where the helper may be called; checked when compiled.
	Form Form

	// OrField makes the name that of a field where it has no arguments: {{phone}}
	// is the field, {{phone number}} the helper. It is for names that data has.
	OrField bool

	// Depth makes the helper's blocks open a depth, though their context is the
	// caller's: inside, ../name is the caller's name.
	Depth bool

	// Shallow says that the helper looks at no item of its lists but at a few: they
	// cost nothing. A helper that may walk over a list, or print it, is charged for that.
	Shallow bool

	// Prepare, if set, runs once for each call when it is compiled. It sees the
	// arguments that are written as literals, may refuse them, and what it
	// returns is given to every execution of the call as Call.Prepared.
	Prepare func(*Site) (any, error)

	// Func returns the helper's value: printed (escaped unless Safe), or passed
	// on as an argument. A block helper writes with Body and Inverse, and what it
	// returns is printed after that, not escaped unless values are marked; mostly it
	// returns the zero Value.
	Func func(*Call) (Value, error)

	// Append appends the helper's result, a plain text, to dst, and returns it.
	// It saves an allocation where the result is printed.
	Append func(c *Call, dst []byte) ([]byte, error)

	builtin builtin
}

// Form says where a helper may be called.
type Form uint8

// The forms of call.
const (
	Inline Form = iota // {{name …}} and (name …) only
	Block              // {{#name …}} only
	Either
)

// Site is a call of a helper as it stands in a template, for Helper.Prepare.
type Site struct {
	call *callExpr
}

// Len returns the number of positional arguments.
func (s *Site) Len() int { return len(s.call.args) }

// Arg returns argument i if it is a literal; otherwise, or if there is no such
// argument, false.
func (s *Site) Arg(i int) (Value, bool) {
	if i >= len(s.call.args) || s.call.args[i].kind != exprLiteral {
		return Value{}, false
	}
	return s.call.args[i].value, true
}

// Has reports whether the hash option is given at all.
func (s *Site) Has(option string) bool { return s.call.option(option) >= 0 }

// Option returns a hash option's value if it is a literal.
func (s *Site) Option(name string) (Value, bool) {
	if i := s.call.option(name); i >= 0 && s.call.values[i].kind == exprLiteral {
		return s.call.values[i].value, true
	}
	return Value{}, false
}

// IsBlock reports whether the call is a block.
func (s *Site) IsBlock() bool { return s.call.block }

// Call is one execution of a helper. It is only valid until the helper returns.
type Call struct {
	run   *run
	site  *callExpr
	frame *frame
	base  int // of the arguments in run.stack, the options' values follow
}

// Name returns the name that the helper was called by.
func (c *Call) Name() string { return c.site.name }

// Prepared returns what Helper.Prepare returned for this call.
func (c *Call) Prepared() any { return c.site.prepared }

// Len returns the number of positional arguments.
func (c *Call) Len() int { return len(c.site.args) }

// Arg returns positional argument i, undefined beyond the last.
func (c *Call) Arg(i int) Value {
	if i >= len(c.site.args) {
		return Value{}
	}
	return c.run.stack[c.base+i]
}

// Option returns the value of a hash argument, undefined if it isn't given.
func (c *Call) Option(name string) Value {
	if i := c.site.option(name); i >= 0 {
		return c.run.stack[c.base+len(c.site.args)+i]
	}
	return Value{}
}

// Has reports whether the hash argument is given.
func (c *Call) Has(option string) bool { return c.site.option(option) >= 0 }

// Options calls yield for every hash argument in the order written.
func (c *Call) Options(yield func(name string, v Value) bool) {
	for i, name := range c.site.names {
		if !yield(name, c.run.stack[c.base+len(c.site.args)+i]) {
			return
		}
	}
}

// This returns the current context; an empty object where it is null.
func (c *Call) This() Value { return notNull(c.frame.this) }

// Root returns the root context.
func (c *Call) Root() Value { return c.Data("root") }

// Data returns the @variable of that name.
func (c *Call) Data(name string) Value { return c.frame.data.lookup(c.run, dataNameOf(name)) }

// Context returns the context that the execution runs under.
func (c *Call) Context() context.Context { return c.run.ctx }

// Locale returns the execution's default locale, may be empty.
func (c *Call) Locale() string { return c.run.exec.Locale }

// Timezone returns the execution's default time zone, may be empty.
func (c *Call) Timezone() string { return c.run.exec.Timezone }

// Now is the execution's time.
func (c *Call) Now() time.Time {
	if now := c.run.exec.Now; !now.IsZero() {
		return now
	}
	return time.Now()
}

// Escape returns the execution's escaping mode.
func (c *Call) Escape() Escape { return c.run.exec.Escape }

// MaxOutput returns the most bytes that the helper may produce.
func (c *Call) MaxOutput() int { return c.run.limits.Output }

// Charge counts steps for what the helper is about to do, beyond reading its arguments
// once. The helper must give up with the error.
func (c *Call) Charge(steps int) error {
	if c.run.fuel -= steps; c.run.fuel < 0 {
		return c.run.refuel(c.site.src, c.site.pos)
	}
	return nil
}

// ArgText returns how argument i is written in the template, for messages and
// Issue; a literal as it is printed.
func (c *Call) ArgText(i int) string {
	if i >= len(c.site.args) {
		return ""
	}
	return c.site.args[i].original()
}

// Issue reports something that the rendering goes on in spite of. Field is the
// path it concerns, may be empty.
func (c *Call) Issue(code Code, field, message string) {
	c.run.issue(c.site.src, c.site.pos, code, field, message)
}

// IsBlock reports whether the helper is called as a block.
func (c *Call) IsBlock() bool { return c.site.block }

// BlockParams returns how many block parameters (as |a b|) the block declares.
func (c *Call) BlockParams() int {
	if c.site.body == nil {
		return 0
	}
	return c.site.body.params
}

// Scope is what a block is executed in. Zero fields are those of the call.
type Scope struct {
	This   Value    // the context, unless undefined
	Params []Value  // values for the block's parameters
	Data   []Member // @variables; "../" in @../name counts the blocks that set some
}

// Body appends the block's main part to the output, executed in s; nil means
// in the caller's scope. Nothing happens if the call is no block.
func (c *Call) Body(s *Scope) error { return c.run.block(c.site, c.site.body, c.frame, s) }

// Inverse is Body for the part after {{else}}, if there is one.
func (c *Call) Inverse(s *Scope) error { return c.run.block(c.site, c.site.inverse, c.frame, s) }

// BodyText is Body, but returns the text instead of appending it to the output.
func (c *Call) BodyText(s *Scope) (string, error) {
	return c.run.capture(func() error { return c.Body(s) })
}

// InverseText is Inverse, but returns the text instead of appending it to the output.
func (c *Call) InverseText(s *Scope) (string, error) {
	return c.run.capture(func() error { return c.Inverse(s) })
}
