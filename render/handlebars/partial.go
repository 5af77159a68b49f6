package handlebars

import "bytes"

// define puts the inline partials of p in scope of f, before those of f. Their
// bodies see what f then sees or, of a partial's block, what it saw before.
func (r *run) define(p *program, f *frame, block bool) error {
	before := f.inline
	outside := frame{depth: f.outside, params: f.params, data: f.data, inline: before}
	if f.outside != nil {
		outside.this = f.outside.this
	}
	for _, def := range p.inlines {
		name, err := r.eval(def.name, p.src, &outside)
		if err != nil {
			return err
		}
		f.inline = &inlineFrame{name: name.Text(), body: def.body, params: f.params, depth: f.outside, scope: before, out: f.inline}
	}
	if !block {
		for in := f.inline; in != before; in = in.out {
			in.scope = f.inline
		}
	}
	return nil
}

// partial executes a partial statement.
func (r *run) partial(call *partialCall, f *frame) error {
	name := call.name
	if call.dynamic != nil {
		v, err := r.eval(call.dynamic, call.src, f)
		if err != nil {
			return err
		}
		if name = v.Text(); v.IsNil() {
			name = v.kind.String()
		}
	}
	this, err := r.partialContext(call, f)
	if err != nil {
		return err
	}
	if r.partials++; r.partials > r.limits.Partials {
		return call.src.errorAt(CodeLimitPartials, call.pos, "partials nested more than %d deep: does %s include itself?", r.limits.Partials, Quote(name))
	}
	start := len(r.out)
	s := r.child(f)
	s.params, s.outside = nil, nil
	s.openDepth(this, nil) // a partial doesn't see the contexts around its call
	err = r.invoke(call, name, s, f)
	r.nframe--
	if err == nil && call.indent != "" {
		err = r.indent(start, call)
	}
	r.partials--
	return err
}

// partialContext evaluates the context and hash of a partial call.
func (r *run) partialContext(call *partialCall, f *frame) (Value, error) {
	this := f.this
	if call.context != nil {
		v, err := r.eval(call.context, call.src, f)
		if err != nil {
			return Value{}, err
		}
		this = v
	}
	if !call.merge {
		return this, nil
	}
	// To copy is work, too.
	size := len(this.Members()) + len(this.Items())
	if text, ok := this.Str(); ok {
		size = len(text)
	}
	if r.fuel -= size; r.fuel < 0 {
		if err := r.refuel(call.src, call.pos); err != nil {
			return Value{}, err
		}
	}
	members := this.spread(len(call.names))
	for i := len(call.names) - 1; i >= 0; i-- { // Handlebars.js has them in this order
		v, err := r.eval(call.values[i], call.src, f)
		if err != nil {
			return Value{}, err
		}
		members = append(members, Member{call.names[i], v})
	}
	return Object(members...), nil
}

// spread returns the members of an object, or of an array or string by index, in
// a new slice with room for more.
func (v Value) spread(more int) []Member {
	switch v.kind {
	case KindObject:
		return append(make([]Member, 0, len(v.Members())+more), v.Members()...)
	case KindArray:
		members := make([]Member, 0, len(v.Items())+more)
		for i, item := range v.Items() {
			members = append(members, Member{itoa(i), item})
		}
		return members
	case KindString:
		var members []Member
		for unit := range utf16Units(v.text()) {
			members = append(members, Member{itoa(len(members)), String(unit)})
		}
		return members
	}
	return make([]Member, 0, more)
}

// invoke executes the partial of that name in s, called from f.
func (r *run) invoke(call *partialCall, name string, s *scopeFrame, f *frame) error {
	if call.dynamic == nil && name == partialBlockName {
		if b := f.data.partialBlock(); b != nil {
			if err := r.openBlock(call, s, f); err != nil {
				return err
			}
			return r.invokeBlock(b, s)
		}
	}
	inline := f.inline.find(name)
	entry := call.static
	if call.dynamic != nil && inline == nil {
		entry = r.env.partials[name]
	}
	if call.block == nil && inline == nil && entry == nil {
		return call.src.errorAt(CodeUnknownPartial, call.pos, "unknown partial %s", Quote(name)).meant(name, keysOf(r.env.partials))
	}
	if err := r.openBlock(call, s, f); err != nil {
		return err
	}
	switch {
	case inline != nil:
		s.params, s.inline, s.outside = inline.params, inline.scope, inline.depth
		s.setThis(s.this, inline.depth)
		return r.program(inline.body, &s.frame)
	case entry != nil:
		u, err := entry.compile(r.env)
		if err != nil {
			return err
		}
		return r.program(u.main, &s.frame)
	}
	return r.invokeBlock(&s.ownBlock, s)
}

// openBlock puts the call's block, if any, in scope of s as @partial-block, and
// the inline partials that it defines.
func (r *run) openBlock(call *partialCall, s *scopeFrame, f *frame) error {
	if call.block == nil {
		return nil
	}
	s.ownBlock = partialBlock{body: call.block, frame: f, outer: f.data.partialBlock()}
	s.ownData = dataFrame{hasBlock: true, block: &s.ownBlock, out: f.data}
	s.data = &s.ownData
	if len(call.block.inlines) == 0 {
		return nil
	}
	d := r.child(f)
	err := r.define(call.block, &d.frame, true)
	s.inline = d.inline
	r.nframe--
	return err
}

// invokeBlock executes a partial's block, called from the frame of s.
func (r *run) invokeBlock(b *partialBlock, s *scopeFrame) error {
	in := r.child(b.frame)
	in.setThis(s.this, b.frame.depth)
	in.ownData = dataFrame{hasBlock: true, block: b.outer, out: s.data}
	in.data = &in.ownData
	err := r.program(b.body, &in.frame)
	r.nframe--
	return err
}

// indent puts the call's indentation before every line of the output from start.
func (r *run) indent(start int, call *partialCall) error {
	tail := r.out[start:]
	lines := bytes.Count(tail, newline) + 1
	if len(tail) == 0 || tail[len(tail)-1] == '\n' {
		lines--
	}
	more := lines * len(call.indent)
	if len(r.out)+more > r.most {
		return r.tooLong(call.src, call.pos)
	}
	r.buffer = append(r.buffer[:0], tail...)
	if r.exec.Trace != nil {
		r.exec.Trace.indented(start-r.start, r.buffer, len(call.indent))
	}
	r.out = r.out[:start]
	for rest := r.buffer; len(rest) > 0; {
		n := bytes.IndexByte(rest, '\n') + 1
		if n == 0 {
			n = len(rest)
		}
		r.out = append(append(r.out, call.indent...), rest[:n]...)
		rest = rest[n:]
	}
	return nil
}

var newline = []byte{'\n'}

// snippet executes a snippet in the first wanted language that it has. One that names its language speaks it, with the
// dates and the snippets within.
func (r *run) snippet(o *op, src *source, f *frame) error {
	if o.spoken != nil {
		languages, locale := r.exec.Languages, r.exec.Locale
		r.exec.Languages, r.exec.Locale = o.spoken.languages, o.spoken.locale
		defer func() { r.exec.Languages, r.exec.Locale = languages, locale }()
	}
	entry := o.snippet
	text := entry.best(r.exec.Languages)
	if text == nil {
		text = entry.text(entry.source)
		if len(r.exec.Languages) > 0 {
			r.issue(src, o.pos, IssueSnippetFallback, entry.name, "the snippet "+Quote(entry.name)+" has no text in "+Quote(r.exec.Languages[0]))
		}
	}
	u, err := text.compile(r.env)
	if err != nil {
		return err
	}
	if r.snippets++; r.snippets > r.limits.Snippets {
		return src.errorAt(CodeLimitSnippets, o.pos, "snippets nested more than %d deep", r.limits.Snippets)
	}
	s := r.child(f)
	s.params = nil
	err = r.program(u.main, &s.frame)
	r.nframe--
	r.snippets--
	return err
}

func (s *snippetEntry) best(languages []string) *snippetText {
	for _, language := range languages {
		if t := s.text(language); t != nil {
			return t
		}
	}
	return nil
}

func (s *snippetEntry) text(language string) *snippetText {
	for _, t := range s.texts {
		if t.language == language {
			return t
		}
	}
	return nil
}
