package handlebars

// value prints the value of a mustache.
func (r *run) value(o *op, src *source, v Value) error {
	if v.IsNil() {
		if r.exec.OnIssue != nil {
			r.issue(src, o.expr.pos, IssueMissingField, o.expr.source, "the field "+Quote(o.expr.source)+" is missing")
		}
		return nil
	}
	if v.kind == KindString && v.text() == "" && r.exec.OnIssue != nil { // as good as missing: the reader sees a gap
		r.issue(src, o.expr.pos, IssueEmptyField, o.expr.source, "the field "+Quote(o.expr.source)+" is empty")
	}
	if o.show != nil {
		r.fuel -= v.weight()
		v = o.show(v, r.exec)
	}
	return r.write(v, o.raw, src, o.pos)
}

// write appends a value, escaped unless raw.
func (r *run) write(v Value, raw bool, src *source, pos int) error {
	switch {
	case v.kind == KindString && v.rep >= repMarked && r.env.marks != nil:
		r.out = append(r.out, r.env.marks.Open, byte(v.rep))
	case v.kind == KindString && (raw || v.rep == repSafe || v.rep >= repMarked):
		r.out = append(r.out, v.text()...)
	case v.kind == KindString:
		r.out = escapers[r.exec.Escape](r.out, v.text())
	case raw || v.kind == KindBool || v.kind == KindNumber && r.exec.Escape != EscapeMarkdown:
		r.out = v.appendText(r.out, r.most)
	default:
		start := len(r.out)
		r.out = v.appendText(r.out, r.most)
		if len(r.out) > r.most {
			return r.tooLong(src, pos)
		}
		r.escapeFrom(start)
	}
	return nil
}

// escapeFrom escapes the output from start on.
func (r *run) escapeFrom(start int) {
	if tail := r.out[start:]; needsEscape(tail, r.exec.Escape) {
		r.buffer = append(r.buffer[:0], tail...)
		r.out = appendEscaped(r.out[:start], r.buffer, r.exec.Escape)
	}
}
