package handlebars

import (
	"context"
	"errors"
	"sync"
)

// run is one execution's state. Runs are pooled: nothing of one may be kept.
type run struct {
	ctx    context.Context
	done   <-chan struct{}
	env    *Env
	exec   *Exec
	limits Limits
	out    []byte
	start  int // of this execution's output in out
	held   int // bytes of output that are captured elsewhere
	steps  int
	stack  []Value // arguments of the calls in progress
	calls  []*Call
	ncalls int
	frames []*scopeFrame
	nframe int
	depthP int // partials within each other
	depthC int // Go calls: programs within each other
}

// scopeFrame is a frame with room for what it may add to its surroundings.
type scopeFrame struct {
	frame
	depth  depth
	params paramFrame
	data   dataFrame
	block  partialBlock
}

var runs = sync.Pool{New: func() any { return new(run) }}

var noExec Exec

func newRun(ctx context.Context, env *Env, x *Exec, dst []byte) *run {
	if x == nil {
		x = &noExec
	}
	r := runs.Get().(*run)
	r.ctx, r.done, r.env, r.exec, r.limits = ctx, ctx.Done(), env, x, env.limits
	r.out, r.start, r.held, r.steps, r.depthP, r.depthC = dst, len(dst), 0, 0, 0, 0
	return r
}

// release gives the run back, without what it holds of the caller's.
func (r *run) release() {
	clear(r.stack[:cap(r.stack)])
	for _, f := range r.frames {
		*f = scopeFrame{}
	}
	for _, c := range r.calls {
		*c = Call{}
	}
	*r = run{stack: r.stack[:0], calls: r.calls, frames: r.frames}
	runs.Put(r)
}

func (r *run) root() Value {
	if v, ok := r.exec.Data["root"]; ok {
		return v
	}
	return r.exec.Context
}

func (r *run) template(p *program) error {
	s := r.push()
	s.frame.this = r.exec.Context
	s.depth = depth{this: r.exec.Context}
	s.frame.depth = &s.depth
	return r.program(p, &s.frame)
}

// push takes a frame; pop gives the last one back.
func (r *run) push() *scopeFrame {
	if r.nframe == len(r.frames) {
		r.frames = append(r.frames, new(scopeFrame))
	}
	r.nframe++
	return r.frames[r.nframe-1]
}

func (r *run) pop() { r.nframe-- }

// child takes a frame for a program that runs within f.
func (r *run) child(f *frame) *scopeFrame {
	s := r.push()
	s.frame = *f
	return s
}

// setThis makes v the context of s, a depth further in than out unless it is the same.
func (s *scopeFrame) setThis(v Value, out *depth, always bool) {
	s.frame.this = v
	if !always && out != nil && sameContext(v, out.this) {
		s.frame.depth = out
		return
	}
	s.depth = depth{this: v, out: out}
	s.frame.depth = &s.depth
}

// sameContext is JavaScript's == as Handlebars.js compares contexts.
func sameContext(a, b Value) bool {
	if a.kind == b.kind && a.ptr == b.ptr && a.bits == b.bits && a.kind >= KindArray {
		return true
	}
	return LooseEqual(a, b)
}

// step counts an operation, and looks at the limits and the context now and then.
func (r *run) step(src *source, pos int) error {
	r.steps++
	if r.steps&1023 == 0 && r.done != nil {
		select {
		case <-r.done:
			e := src.errorAt(CodeCanceled, pos, "execution stopped: %v", context.Cause(r.ctx))
			e.Err = context.Cause(r.ctx)
			return e
		default:
		}
	}
	if r.steps > r.limits.Steps {
		return src.errorAt(CodeLimitSteps, pos, "more than %d operations", r.limits.Steps)
	}
	if len(r.out)-r.start+r.held > r.limits.Output {
		return src.errorAt(CodeLimitOutput, pos, "more than %d bytes of output", r.limits.Output)
	}
	return nil
}

func (r *run) issue(src *source, pos int, code Code, field, message string) {
	if r.exec.OnIssue == nil {
		return
	}
	line, column, _ := src.position(pos)
	r.exec.OnIssue(Issue{Code: code, Message: message, Field: field, Template: src.name, Line: line, Column: column})
}

// capture returns what f appends to the output, instead of leaving it there.
func (r *run) capture(f func() error) (string, error) {
	start := len(r.out)
	err := f()
	text := string(r.out[start:])
	r.out = r.out[:start]
	return text, err
}

// print appends a value, escaped.
func (r *run) print(v Value) {
	switch {
	case v.kind == KindString && v.rep == repSafe:
		r.out = append(r.out, v.text()...)
	case v.kind == KindString:
		r.out = appendEscaped(r.out, v.text(), r.exec.Escape)
	case v.kind == KindArray:
		r.out = appendEscaped(r.out, v.Text(), r.exec.Escape)
	case v.kind == KindNumber && r.exec.Escape != EscapeMarkdown, v.kind == KindBool:
		r.out = v.AppendText(r.out)
	case !v.IsNil():
		r.out = appendEscaped(r.out, v.Text(), r.exec.Escape)
	}
}

// program executes p in f.
func (r *run) program(p *program, f *frame) error {
	if p == nil {
		return nil
	}
	if len(p.inline) > 0 {
		s := r.child(f)
		defer r.pop()
		f = &s.frame
		for _, def := range p.inline {
			name, err := r.eval(def.name, p.src, f)
			if err != nil {
				return err
			}
			f.inline = &inlineFrame{name: name.Text(), body: def.body, frame: f, out: f.inline}
		}
	}
	for i := range p.ops {
		o := &p.ops[i]
		if err := r.step(p.src, o.pos); err != nil {
			return err
		}
		var err error
		switch o.code {
		case opText:
			r.out = append(r.out, o.text...)
		case opField, opValue, opRaw:
			err = r.value(o, p.src, f)
		case opPrint:
			err = r.printCall(o.call, f)
		case opIf:
			var v Value
			if v, err = r.eval(o.expr, p.src, f); err == nil {
				branch := o.body
				if (v.Truthy() && !v.IsEmpty()) == o.negate {
					branch = o.other
				}
				err = r.same(branch, f)
			}
		case opEach, opWith, opSection:
			var v Value
			if v, err = r.eval(o.expr, p.src, f); err != nil {
				break
			}
			switch {
			case o.code == opEach, o.code == opSection && v.kind == KindArray && len(v.Items()) > 0:
				err = r.each(o.body, o.other, v, p.src, f)
			case o.code == opWith && v.IsEmpty(), o.code == opSection && (v.IsNil() || v.kind == KindBool && v.bits == 0 || v.kind == KindArray):
				err = r.same(o.other, f)
			case o.code == opSection && v.kind == KindBool:
				err = r.same(o.body, f)
			default:
				s := r.child(f)
				s.setThis(v, f.depth, false)
				if o.body != nil && o.body.scoped {
					s.params = paramFrame{out: f.params, given: o.code == opWith}
					s.params.two[0] = v
					s.params.values = s.params.two[:1]
					s.frame.params = &s.params
				}
				err = r.program(o.body, &s.frame)
				r.pop()
			}
		case opCall:
			err = r.blockCall(o.call, f)
		case opPartial:
			err = r.partial(o.part, f)
		case opSnippet:
			err = r.snippet(o, p.src, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// same executes a block in the context of f.
func (r *run) same(p *program, f *frame) error {
	if p == nil {
		return nil
	}
	if !p.scoped && !f.this.IsNil() {
		return r.program(p, f)
	}
	s := r.child(f)
	s.frame.this = notNull(f.this)
	if p.scoped {
		s.params = paramFrame{out: f.params}
		s.frame.params = &s.params
	}
	err := r.program(p, &s.frame)
	r.pop()
	return err
}

func (r *run) each(body, other *program, v Value, src *source, f *frame) error {
	items, members := v.Items(), v.Members()
	n := len(items) + len(members)
	if n == 0 {
		return r.same(other, f)
	}
	if body == nil {
		return nil
	}
	s := r.child(f)
	defer r.pop()
	s.data = dataFrame{loop: true, out: f.data}
	s.frame.data = &s.data
	if body.scoped {
		s.params = paramFrame{out: f.params, given: true}
		s.params.values = s.params.two[:]
		s.frame.params = &s.params
	}
	inline := s.frame.inline
	for i := range n {
		var item, key Value
		if items != nil {
			item, key = items[i], Int(int64(i))
		} else {
			item, key = members[i].Value, String(members[i].Key)
		}
		s.data.index, s.data.key, s.data.first, s.data.last = i, key, i == 0, i == n-1
		s.setThis(item, f.depth, false)
		s.params.two = [2]Value{item, key}
		s.frame.inline = inline
		if err := r.step(src, -1); err != nil {
			return err
		}
		if err := r.program(body, &s.frame); err != nil {
			return err
		}
	}
	return nil
}

// value appends the value of a mustache.
func (r *run) value(o *op, src *source, f *frame) error {
	if o.expr.kind == exprCall {
		v, err := r.call(o.expr.call, f)
		if err == nil {
			r.out = v.AppendText(r.out)
		}
		return err
	}
	v, err := r.eval(o.expr, src, f)
	if err != nil {
		return err
	}
	if v.IsNil() {
		if r.exec.OnIssue != nil {
			r.issue(src, o.pos, IssueMissingField, o.expr.source, "field "+quote(o.expr.source)+" is missing")
		}
		return nil
	}
	if o.code == opRaw {
		r.out = v.AppendText(r.out)
		return nil
	}
	r.print(v)
	return nil
}

// eval evaluates an expression.
func (r *run) eval(e *expr, src *source, f *frame) (Value, error) {
	switch e.kind {
	case exprLiteral:
		return e.value, nil
	case exprPath:
		if e.depth > 0 {
			return e.outward(f.depth), nil
		}
		return get(f.this, e.parts), nil
	case exprParam:
		p := f.params
		for range e.level {
			p = p.out
		}
		if !p.given {
			return Value{}, src.errorAt(CodeBlockParam, e.pos, "block parameter %s has no value here", quote(e.source))
		}
		if e.index >= len(p.values) {
			return get(Value{}, e.parts), nil
		}
		return get(p.values[e.index], e.parts), nil
	case exprData:
		d := f.data
		for range e.depth {
			if d != nil {
				d = d.out
			}
		}
		v := d.lookup(r, e.data)
		for _, part := range e.parts[1:] {
			if !v.Truthy() {
				return v, nil
			}
			v = v.Get(part)
		}
		return v, nil
	case exprCall:
		return r.call(e.call, f)
	}
	return Value{}, nil
}

// get follows a path; from null it stays null.
func get(v Value, parts []string) Value {
	for _, part := range parts {
		if v.kind <= KindNull {
			return v
		}
		v = v.Get(part)
	}
	return v
}

// outward follows a path from the context e.depth levels out, or from the first
// one further out where it is defined.
func (e *expr) outward(d *depth) Value {
	for i := 0; i < e.depth && d.out != nil; i++ {
		d = d.out
	}
	v := get(d.this, e.parts)
	for v.kind == KindUndefined && d.out != nil {
		d = d.out
		v = get(d.this, e.parts)
	}
	return v
}

// begin evaluates a call's arguments.
func (r *run) begin(site *callExpr, f *frame) (*Call, error) {
	base := len(r.stack)
	for _, list := range [2][]*expr{site.args, site.values} {
		for _, e := range list {
			v, err := r.eval(e, site.src, f)
			if err != nil {
				return nil, err
			}
			r.stack = append(r.stack, v)
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

func (r *run) end(c *Call) {
	r.stack = r.stack[:c.base]
	r.ncalls--
}

// call calls a helper for its value.
func (r *run) call(site *callExpr, f *frame) (Value, error) {
	if err := r.step(site.src, site.pos); err != nil {
		return Value{}, err
	}
	c, err := r.begin(site, f)
	if err != nil {
		return Value{}, err
	}
	var v Value
	if h := site.helper; h.Append != nil {
		var text []byte
		text, err = h.Append(c, nil)
		v = String(string(text))
	} else {
		v, err = h.Func(c)
	}
	r.end(c)
	if err != nil {
		return Value{}, site.failed(err)
	}
	if v.kind == KindString && int(v.bits) > r.limits.Output {
		return Value{}, site.src.errorAt(CodeLimitOutput, site.pos, "helper %s returns more than %d bytes", quote(site.name), r.limits.Output)
	}
	return v, nil
}

// failed gives a helper's error its position, unless it has one.
func (c *callExpr) failed(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Line > 0 {
		return err
	}
	e = c.src.errorAt(CodeHelper, c.pos, "helper %s: %v", quote(c.name), err)
	e.Err = err
	return e
}

// printCall prints the result of a helper, escaped.
func (r *run) printCall(site *callExpr, f *frame) error {
	if site.helper.Append == nil {
		v, err := r.call(site, f)
		if err == nil {
			r.print(v)
		}
		return err
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
	r.out = escapeTail(out, start, r.exec.Escape)
	return nil
}

// blockCall calls a helper as a block.
func (r *run) blockCall(site *callExpr, f *frame) error {
	v, err := r.call(site, f)
	if err != nil {
		return err
	}
	r.out = v.AppendText(r.out)
	return nil
}

// block executes a part of a helper's block.
func (r *run) block(site *callExpr, p *program, f *frame, scope *Scope) error {
	if p == nil {
		return nil
	}
	if scope == nil && !site.helper.Depth {
		return r.same(p, f)
	}
	s := r.child(f)
	defer r.pop()
	if scope == nil {
		scope = &Scope{}
	}
	this := scope.This
	if this.kind == KindUndefined {
		this = f.this
	}
	s.setThis(this, f.depth, site.helper.Depth)
	if p.scoped {
		s.params = paramFrame{out: f.params, given: scope.Params != nil, values: scope.Params}
		s.frame.params = &s.params
	}
	if scope.Data != nil {
		s.data = dataFrame{vars: scope.Data, out: f.data}
		s.frame.data = &s.data
	}
	return r.program(p, &s.frame)
}
