package handlebars

import "slices"

// partial executes a partial statement.
func (r *run) partial(call *partialCall, f *frame) error {
	name := call.name
	if call.dynamic != nil {
		v, err := r.eval(call.dynamic, call.src, f)
		if err != nil {
			return err
		}
		name = v.Text()
	}
	context := f.this
	if call.context != nil {
		v, err := r.eval(call.context, call.src, f)
		if err != nil {
			return err
		}
		context = v
	}
	if call.names != nil {
		merged := slices.Clone(context.Members())
		for i, name := range call.names {
			v, err := r.eval(call.values[i], call.src, f)
			if err != nil {
				return err
			}
			merged = append(merged, Member{name, v})
		}
		context = Object(merged...)
	}
	if r.depthP++; r.depthP > r.limits.Partials {
		return call.src.errorAt(CodeLimitPartials, call.pos, "partials nested more than %d deep: does %s include itself?", r.limits.Partials, quote(name))
	}
	defer func() { r.depthP-- }()
	start := len(r.out)
	if err := r.invoke(call, name, context, f); err != nil {
		return err
	}
	r.indent(start, call.indent)
	return nil
}

func (r *run) invoke(call *partialCall, name string, context Value, f *frame) error {
	s := r.child(f)
	defer r.pop()
	s.frame.params = nil
	s.setThis(context, f.depth, false)
	for in := f.inline; in != nil; in = in.out {
		if in.name == name {
			return r.program(in.body, &s.frame)
		}
	}
	entry := r.env.partials[name]
	if entry == nil {
		if call.block != nil {
			s.frame.params = f.params
			return r.program(call.block, &s.frame)
		}
		return call.src.errorAt(CodeUnknownPartial, call.pos, "unknown partial %s%s", quote(name), didYouMean(name, keysOf(r.env.partials)))
	}
	u, err := entry.compile(r.env)
	if err != nil {
		return err
	}
	return r.program(u.main, &s.frame)
}

// indent puts indent before every line of the output from start.
func (r *run) indent(start int, indent string) {
	if indent == "" || len(r.out) == start {
		return
	}
	text := string(r.out[start:])
	r.out = r.out[:start]
	line := true
	for i := range len(text) {
		if line {
			r.out = append(r.out, indent...)
		}
		r.out = append(r.out, text[i])
		line = text[i] == '\n'
	}
}

// snippet executes a snippet in the first wanted language that it has.
func (r *run) snippet(o *op, src *source, f *frame) error {
	entry := o.snip
	var text *snippetText
	for _, language := range r.exec.Languages {
		if text = entry.text(language); text != nil {
			break
		}
	}
	if text == nil {
		text = entry.text(entry.source)
		if len(r.exec.Languages) > 0 {
			r.issue(src, o.pos, IssueSnippetFallback, entry.name, "snippet "+quote(entry.name)+" has no text in "+quote(r.exec.Languages[0]))
		}
	}
	if text == nil {
		return src.errorAt(CodeUnknownSnippet, o.pos, "snippet %s has no text in its source language %s", quote(entry.name), quote(entry.source))
	}
	u, err := text.compile(r.env)
	if err != nil {
		return err
	}
	s := r.child(f)
	s.frame.params = nil
	err = r.program(u.main, &s.frame)
	r.pop()
	return err
}

func (s *snippetEntry) text(language string) *snippetText {
	for _, t := range s.texts {
		if t.language == language {
			return t
		}
	}
	return nil
}

// escapeTail escapes out from start in place.
func escapeTail(out []byte, start int, mode Escape) []byte {
	escaped := appendEscaped(nil, string(out[start:]), mode)
	return append(out[:start], escaped...)
}
