package handlebars

// builtin says which of the language's own helpers a Helper is; the executor
// shortcuts those.
type builtin uint8

const (
	builtinNone builtin = iota
	builtinIf
	builtinUnless
	builtinEach
	builtinWith
	builtinOther // lookup, log
)

// builtins returns the language's own helpers. The functions of if and unless
// serve the forms that the executor doesn't shortcut.
func builtins() []Helper {
	any := []string{"*"}
	return []Helper{
		{Name: "if", Shallow: true, MinArgs: 1, MaxArgs: 1, Options: any, Form: Block, Func: ifHelper, builtin: builtinIf},
		{Name: "unless", Shallow: true, MinArgs: 1, MaxArgs: 1, Options: any, Form: Block, Func: unlessHelper, builtin: builtinUnless},
		{Name: "each", Shallow: true, MinArgs: 1, MaxArgs: 1, Options: any, Form: Block, Func: nothing, builtin: builtinEach},
		{Name: "with", Shallow: true, MinArgs: 1, MaxArgs: 1, Options: any, Form: Block, Func: nothing, builtin: builtinWith},
		{Name: "lookup", Shallow: true, MinArgs: 2, MaxArgs: 2, Options: any, Form: Either, Func: lookupHelper, builtin: builtinOther},
		{Name: "log", Shallow: true, MaxArgs: -1, Options: any, Form: Either, Func: nothing, builtin: builtinOther},
	}
}

func nothing(*Call) (Value, error) { return Value{}, nil }

// holds is what if asks of a value.
func (v Value) holds() bool { return v.Truthy() && (v.kind != KindArray || v.bits != 0) }

func ifHelper(c *Call) (Value, error) {
	v := c.Arg(0)
	if !c.Option("includeZero").Truthy() && !v.Truthy() || v.IsEmpty() {
		return Value{}, c.Inverse(nil)
	}
	return Value{}, c.Body(nil)
}

func unlessHelper(c *Call) (Value, error) {
	v := c.Arg(0)
	if !c.Option("includeZero").Truthy() && !v.Truthy() || v.IsEmpty() {
		return Value{}, c.Body(nil)
	}
	return Value{}, c.Inverse(nil)
}

func lookupHelper(c *Call) (Value, error) {
	obj := c.Arg(0)
	if !obj.Truthy() {
		return obj, nil
	}
	key := c.Arg(1)
	switch key.Kind() {
	case KindUndefined:
		return obj.Get("undefined"), nil
	case KindNull:
		return obj.Get("null"), nil
	case KindArray: // the name is its text
		if err := c.Charge(key.argumentWeight(true)); err != nil {
			return Value{}, err
		}
	}
	return obj.Get(key.Text()), nil
}

// validate checks a helper's declaration.
func (h *Helper) validate() error {
	var problem string
	switch {
	case h.Name == "":
		problem = "has no name"
	case (h.Func == nil) == (h.Append == nil):
		problem = "must have one of Func and Append"
	case h.MaxArgs >= 0 && h.MaxArgs < h.MinArgs:
		problem = "allows fewer arguments than it needs"
	case h.Append != nil && h.Form != Inline:
		problem = "is a block, which needs Func"
	default:
		return nil
	}
	return &Error{Code: CodeArgument, Message: "helper " + Quote(h.Name) + " " + problem}
}
