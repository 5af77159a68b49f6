package handlebars

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/heraldsend/herald/render/handlebars/syntax"
	"github.com/heraldsend/herald/render/meter"
)

// run is one execution's state, with memory that is used again. Runs are pooled: nothing of one may be kept.
type run struct {
	state
	stack  []Value       // arguments of the calls in progress, innermost last
	calls  []*Call       // by nesting
	frames []*scopeFrame // by nesting
	buffer []byte        // for escaping
	hints  [256]uint8    // where members were found the last time, by place
}

// state is what an execution begins without.
type state struct {
	ctx      context.Context
	env      *Env
	exec     *Exec
	limits   *Limits
	out      []byte
	start    int // length of out before
	most     int // length of out that is too long
	fuel     int // steps of the meter until the next look at it
	partials int // partials within each other
	snippets int // snippets within each other
	level    int // programs within each other
	scope    int // of what is traced
	ncalls   int // calls in progress
	nframe   int // frames in use
	high     int // most frames in use

	meter *meter.Meter
	own   meter.Meter // where the caller gives none
}

var runs = sync.Pool{New: func() any { return new(run) }}

// defaultExec serves where a nil *Exec is given.
var defaultExec Exec

func newRun(ctx context.Context, env *Env, x *Exec, dst []byte) *run {
	if x == nil {
		x = &defaultExec
	}
	r := runs.Get().(*run)
	r.ctx, r.env, r.exec, r.limits = ctx, env, x, &env.limits
	r.out, r.start, r.most = dst, len(dst), len(dst)+env.limits.Output
	if r.meter = x.Meter; r.meter == nil {
		r.own.Reset(ctx, env.limits.Steps)
		r.meter = &r.own
	}
	return r
}

// release gives the run back, without what it holds of the caller's.
func (r *run) release() {
	if r.fuel > 0 {
		r.meter.Return(r.fuel)
	}
	for _, f := range r.frames[:r.high] {
		*f = scopeFrame{}
	}
	for _, c := range r.calls {
		*c = Call{}
	}
	r.state = state{}
	r.stack = r.stack[:0]
	runs.Put(r)
}

// execute runs a template's program in the root context.
func (r *run) execute(p *program) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = r.panicked(v)
		}
	}()
	if err := r.refuel(p.src, 0); err != nil { // sees a context that is done from the start
		return err
	}
	s := r.push()
	s.frame = frame{}
	s.openDepth(r.exec.Context, nil)
	err = r.program(p, &s.frame)
	r.nframe--
	if err == nil && len(r.out) > r.most {
		err = r.tooLong(p.src, len(p.src.text))
	}
	return err
}

// panicked makes an error of a panic during execution, which is a helper's.
func (r *run) panicked(v any) error {
	err := panicked(v)
	if r.ncalls > 0 {
		return r.calls[r.ncalls-1].site.failed(err)
	}
	return &Error{Code: CodeHelper, Message: err.Error(), Err: err}
}

// panicked makes an error of what was recovered.
func panicked(v any) error {
	if err, ok := v.(error); ok {
		return fmt.Errorf("panic: %w", err)
	}
	return fmt.Errorf("panic: %s", syntax.Shorten(fmt.Sprint(v)))
}

// push takes a frame, whose content is that of its last use.
func (r *run) push() *scopeFrame {
	if r.nframe == len(r.frames) {
		r.frames = append(r.frames, new(scopeFrame))
	}
	s := r.frames[r.nframe]
	r.nframe++
	r.high = max(r.high, r.nframe)
	return s
}

// child takes a frame for a program that stands in f; r.nframe-- gives it back.
func (r *run) child(f *frame) *scopeFrame {
	s := r.push()
	s.frame = *f
	s.outside = f.depth
	return s
}

// refuel asks the meter for steps, when an operation has none.
func (r *run) refuel(src *source, pos int) error {
	granted, err := r.meter.Grant(max(meter.Patience, -r.fuel))
	switch {
	case errors.Is(err, meter.ErrSpent):
		return src.errorAt(CodeLimitSteps, pos, "the template does more than %d operations", r.meter.Steps())
	case err != nil:
		e := src.errorAt(CodeCanceled, pos, "execution stopped: %v", err)
		e.Err = err
		return e
	}
	if r.fuel += granted; r.fuel < 0 {
		return r.refuel(src, pos)
	}
	return nil
}

// charge counts an operation and looks at the limits.
func (r *run) charge(src *source, pos int) error {
	if r.fuel--; r.fuel < 0 || len(r.out) > r.most {
		return r.overdrawn(src, pos)
	}
	return nil
}

// overdrawn is charge where a limit may be reached.
func (r *run) overdrawn(src *source, pos int) error {
	if len(r.out) > r.most {
		return r.tooLong(src, pos)
	}
	return r.refuel(src, pos)
}

func (r *run) tooLong(src *source, pos int) error {
	return src.errorAt(CodeLimitOutput, pos, "the output has more than %d bytes", r.limits.Output)
}

// issueWeight is how many steps it counts to tell an issue.
const issueWeight = 4

func (r *run) issue(src *source, pos int, code Code, field, message string) {
	if r.exec.OnIssue == nil {
		return
	}
	r.fuel -= issueWeight
	line, column := src.lines.Position(src.text, pos)
	r.exec.OnIssue(Issue{Code: code, Message: message, Field: field, Template: src.name, Line: line, Column: column})
}

// maxLevel bounds how deeply programs are executed within each other, each of
// which takes stack: blocks, partials, and the links of {{else}} chains.
const maxLevel = 50_000

// program executes p in f.
func (r *run) program(p *program, f *frame) error {
	if r.level++; r.level > maxLevel {
		return p.src.errorAt(CodeLimitNesting, 0, "blocks and partials nested more than %d deep at execution", maxLevel)
	}
	scope := r.scope
	if r.exec.Trace != nil && p.kind != programLink {
		r.scope = r.exec.Trace.enter(p, scope)
	}
	var err error
	switch {
	case len(p.inlines) > 0:
		err = r.defining(p, f)
	case r.exec.Trace != nil:
		err = r.traced(p, f)
	default:
		err = r.operations(p, f)
	}
	r.level--
	r.scope = scope
	return err
}

// defining executes p, which defines inline partials.
func (r *run) defining(p *program, f *frame) error {
	s := r.push()
	s.frame = *f
	err := r.define(p, &s.frame, false)
	if err == nil && r.exec.Trace != nil {
		err = r.traced(p, &s.frame)
	} else if err == nil {
		err = r.operations(p, &s.frame)
	}
	r.nframe--
	return err
}

// operations executes p without a trace. Most of what templates do is done here: a text, and a field behind it.
func (r *run) operations(p *program, f *frame) error {
	out, most, escaped := r.out, r.most, escapers[r.exec.Escape]
	ops, members := p.flat, f.this.Members()
	for i := 0; i < len(ops); i++ {
		o := &ops[i]
		if o.short && cap(out)-len(out) >= shortText {
			out = appendShort(out, o.text)
		} else {
			out = append(out, o.text...)
		}
		if o.code == opJump {
			i += int(o.skip)
			continue
		}
		if len(out) > most || r.fuel <= 0 {
			r.out = out
			if err := r.charge(p.src, o.pos); err != nil {
				return err
			}
		}
		r.fuel--
		switch o.code {
		case opText:
			continue
		case opField:
			var v Value
			k := &o.keys[0]
			if place := int(r.hints[k.place]); place < len(members) && k.is(members[place].Key) { // without a call of follow
				if v = members[place].Value; len(o.keys) > 1 {
					v = r.follow(v, o.keys[1:])
				}
			} else {
				v = r.follow(f.this, o.keys)
			}
			if v.kind == KindString && v.rep == repPlain && v.text() != "" || v.kind == KindNumber && v.rep == repPrints {
				out = escaped(out, v.text())
			} else {
				r.out = out
				if err := r.value(o, p.src, v); err != nil {
					return err
				}
				out = r.out
			}
		case opTest:
			if !f.this.IsNil() {
				r.out = out
				v, err := r.eval(o.expr, p.src, f)
				if err != nil {
					return err
				}
				out = r.out
				if v.kind == KindNumber {
					r.fuel -= v.weight()
				}
				if !v.holds() {
					i += int(o.skip)
				}
				continue
			}
			i += int(o.whole) // the branches have a context of their own
			fallthrough
		default:
			r.out = out
			if err := r.operation(o, p.src, f); err != nil {
				return err
			}
			out = r.out
		}
		if o.mark != 0 {
			out = r.env.marks.appendEnd(out, o)
		}
	}
	r.out = out
	return nil
}

// operation executes any other op than text and field.
func (r *run) operation(o *op, src *source, f *frame) error {
	switch o.code {
	case opField, opValue:
		v, err := r.eval(o.expr, src, f)
		if err != nil {
			return err
		}
		if v.IsNil() && o.call != nil {
			return r.print(o.call, o.raw, f)
		}
		return r.value(o, src, v)
	case opPrint:
		return r.print(o.call, o.raw, f)
	case opIf, opTest:
		v, err := r.eval(o.expr, src, f)
		if err != nil {
			return err
		}
		if v.kind == KindNumber {
			r.fuel -= v.weight()
		}
		branch := o.body
		if !v.holds() {
			branch = o.other
		}
		if branch == nil {
			return nil
		}
		return r.same(branch, notNull(f.this), f)
	case opEach, opWith, opSection:
		return r.context(o, src, f)
	case opCall:
		return r.returned(o.call, f)
	case opPartial:
		return r.partial(o.partial, f)
	case opSnippet:
		return r.snippet(o, src, f)
	}
	return nil
}
