package handlebars

import "errors"

// eval evaluates an expression.
func (r *run) eval(e *expr, src *source, f *frame) (Value, error) {
	if e.plain {
		return r.follow(f.this, e.parts), nil
	}
	if r.env.strict && e.kind != exprLiteral && e.kind != exprCall {
		return r.strictly(e, src, f)
	}
	return r.lenient(e, src, f)
}

// lenient is eval where missing fields are no error.
func (r *run) lenient(e *expr, src *source, f *frame) (Value, error) {
	var v Value
	switch e.kind {
	case exprLiteral:
		return e.value, nil
	case exprCall:
		return r.call(e.call, f)
	case exprPath:
		if e.depth > 0 {
			v = r.outward(f.depth, e.depth, e.parts)
		} else {
			v = r.follow(f.this, e.parts)
		}
	case exprParam:
		p := f.params
		for range e.level {
			p = p.out
		}
		switch {
		case p.values == nil:
			return Value{}, src.errorAt(CodeBlockParam, e.pos, "the block parameter %s has no value: the helper gives none", Quote(e.source))
		case e.index < len(p.values):
			v = r.follow(p.values[e.index], e.parts)
		}
	case exprData:
		d := f.data
		for i := 0; i < e.depth && d != nil; i++ {
			d = d.out
		}
		v = d.lookup(r, e.data)
		for _, part := range e.parts {
			if !v.Truthy() {
				break
			}
			r.fuel -= v.weight()
			v = v.Get(part.name)
		}
	}
	return v, nil
}

// strictly is eval in strict mode: each part of a path but the last must be an
// object, and the last part of one that is printed must exist.
func (r *run) strictly(e *expr, src *source, f *frame) (Value, error) {
	parts := e.parts
	var v Value
	switch {
	case e.kind == exprPath && e.depth == 0:
		v = f.this
	case e.kind == exprParam || e.kind == exprPath || len(parts) == 0:
		whole, err := r.lenient(e, src, f)
		if err == nil && e.head && whole.kind == KindUndefined {
			err = e.undefined(src)
		}
		return whole, err
	default:
		first := *e
		first.parts = nil
		v, _ = r.lenient(&first, src, f)
	}
	for i, part := range parts {
		next := v.Get(part.name)
		if v.IsNil() || next.kind == KindUndefined && e.head && i == len(parts)-1 {
			return Value{}, e.undefined(src)
		}
		v = next
	}
	return v, nil
}

func (e *expr) undefined(src *source) error {
	return src.errorAt(CodeStrict, e.pos, "%s is not defined", Quote(e.source))
}

// follow follows a path; from undefined and null it goes no further.
func (r *run) follow(v Value, parts []key) Value {
	for i := range parts {
		switch {
		case v.kind == KindObject:
			v = r.member(v.object(), &parts[i])
		case v.kind <= KindNull:
			return v
		default:
			r.fuel -= v.weight()
			v = v.Get(parts[i].name)
		}
	}
	return v
}

// weight is how many steps it counts to look at a long value, whose length, number
// or comparison takes time.
func (v Value) weight() int {
	if v.kind == KindString || v.kind == KindArray || v.kind == KindNumber && v.rep >= repText {
		return int(v.bits >> 7)
	}
	return 0
}

// argumentWeight is how many steps it counts to give v to a helper: one that reads
// every character of a text. Of a list, deep says whether it reads every item, too.
func (v Value) argumentWeight(deep bool) int {
	switch {
	case v.kind == KindString, v.kind == KindNumber && v.rep >= repText:
		return int(v.bits >> 4)
	case v.kind == KindArray && deep:
		most := maxArrayText
		return v.walk(&most) >> 4
	}
	return 0
}

// walk is roughly the length of the text of v, at most the given number and a little more.
func (v Value) walk(most *int) int {
	n := 8
	switch {
	case v.kind == KindString, v.kind == KindNumber && v.rep >= repText:
		n += int(v.bits)
	case v.kind == KindArray:
		for _, item := range v.Items() {
			if n += item.walk(most); *most <= 0 {
				break
			}
		}
		return n
	}
	*most -= n
	return n
}

// outward follows a path from the context n levels out, or the first one further
// out where it is defined. There is nothing outside of the root.
func (r *run) outward(d *depth, n int, parts []key) Value {
	if d == nil { // the name of an inline partial at the root
		return Value{}
	}
	for ; n > 0 && d.out != nil; n-- {
		d = d.out
	}
	v := r.follow(d.this, parts)
	for v.kind == KindUndefined && d.out != nil {
		d = d.out
		v = r.follow(d.this, parts)
	}
	return v
}

// begin evaluates a call's arguments.
func (r *run) begin(site *callExpr, f *frame) (*Call, error) {
	if err := r.charge(site.src, site.pos); err != nil {
		return nil, err
	}
	base := len(r.stack)
	for _, e := range site.args {
		v, err := r.eval(e, site.src, f)
		if err != nil {
			return nil, err
		}
		r.fuel -= v.argumentWeight(!site.helper.Shallow)
		r.stack = append(r.stack, v)
	}
	for _, e := range site.values {
		v, err := r.eval(e, site.src, f)
		if err != nil {
			return nil, err
		}
		r.fuel -= v.argumentWeight(!site.helper.Shallow)
		r.stack = append(r.stack, v)
	}
	if r.fuel < 0 {
		if err := r.refuel(site.src, site.pos); err != nil {
			return nil, err
		}
	}
	if r.ncalls == len(r.calls) {
		r.calls = append(r.calls, new(Call))
	}
	c := r.calls[r.ncalls]
	r.ncalls++
	*c = Call{run: r, site: site, frame: f, base: base}
	return c, nil
}

// end takes the call's arguments back.
func (r *run) end(c *Call) {
	clear(r.stack[c.base:])
	r.stack = r.stack[:c.base]
	r.ncalls--
}

// call calls a helper for its value.
func (r *run) call(site *callExpr, f *frame) (Value, error) {
	c, err := r.begin(site, f)
	if err != nil {
		return Value{}, err
	}
	var v Value
	if site.helper.Append != nil {
		start := len(r.out)
		var out []byte
		if out, err = site.helper.Append(c, r.out); err == nil {
			v = String(string(out[start:]))
			r.out = out[:start]
		}
	} else {
		v, err = site.helper.Func(c)
	}
	r.end(c)
	if err != nil {
		return Value{}, site.failed(err)
	}
	if v.kind == KindString && int(v.bits) > r.limits.Output {
		return Value{}, site.src.errorAt(CodeLimitOutput, site.pos, "helper %s returns more than %d bytes", Quote(site.name), r.limits.Output)
	}
	return v, nil
}

// print calls a helper and prints its result, escaped unless raw.
func (r *run) print(site *callExpr, raw bool, f *frame) error {
	if site.helper.Append == nil {
		v, err := r.call(site, f)
		if err != nil || v.IsNil() {
			return err
		}
		return r.write(v, raw, site.src, site.pos)
	}
	c, err := r.begin(site, f)
	if err != nil {
		return err
	}
	start := len(r.out)
	out, err := site.helper.Append(c, r.out)
	r.end(c)
	if err != nil {
		return site.failed(err)
	}
	r.out = out
	if !raw {
		r.escapeFrom(start)
	}
	return nil
}

// returned executes a block helper, which writes its parts itself, and prints what
// it returns: as it is, as in Handlebars.js, or as a value where values are marked.
func (r *run) returned(site *callExpr, f *frame) error {
	v, err := r.call(site, f)
	if err != nil || v.IsNil() {
		return err
	}
	m := r.env.marks
	if m == nil {
		return r.write(v, true, site.src, site.pos)
	}
	r.out = append(r.out, m.Open, m.Returned)
	err = r.write(v, false, site.src, site.pos)
	r.out = append(r.out, m.Close)
	return err
}

// failed gives a helper's error its position, unless it comes from further in.
func (c *callExpr) failed(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Template != "" {
		return err
	}
	e = c.src.errorAt(CodeHelper, c.pos, "helper %s: %v", Quote(c.name), err)
	e.Err = err
	return e
}

// block executes a part of a helper's block.
func (r *run) block(site *callExpr, p *program, f *frame, scope *Scope) error {
	if p == nil {
		return nil
	}
	if scope == nil {
		if !site.helper.Depth {
			return r.same(p, notNull(f.this), f)
		}
		scope = &noScope
	}
	s := r.child(f)
	this := scope.This
	if this.kind == KindUndefined {
		this = notNull(f.this)
	}
	switch {
	case site.helper.Depth:
		s.openDepth(this, f.depth)
	case scope.This.kind == KindUndefined && f.this.kind == KindNull:
		s.this = this // an empty object for null is the same context
	default:
		s.setThis(this, f.depth)
	}
	if p.scoped {
		s.openParams(scope.Params)
	}
	if scope.Data != nil {
		s.ownData = dataFrame{variables: scope.Data, out: f.data}
		s.data = &s.ownData
	}
	err := r.program(p, &s.frame)
	r.nframe--
	return err
}

var noScope Scope

// capture returns what f appends to the output, instead of leaving it there.
func (r *run) capture(f func() error) (string, error) {
	start := len(r.out)
	if t := r.exec.Trace; t != nil {
		defer func(n int) { t.Pieces = t.Pieces[:n] }(len(t.Pieces)) // what the helper makes of it is its own
	}
	if err := f(); err != nil {
		return "", err
	}
	text := string(r.out[start:])
	r.out = r.out[:start]
	r.fuel -= len(text) >> 7
	return text, nil
}
