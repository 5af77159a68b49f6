package handlebars

// flatten puts the branches of if and unless into one list with what they stand in, whose context they have, so that they
// are executed without a call. It does the same for all programs below p.
func (c *compiler) flatten(p *program) {
	if p == nil {
		return
	}
	c.flattenBelow(p)
	if n := flatLength(p); n > len(p.ops) {
		p.flat = c.appendFlat(make([]op, 0, n), p.ops)
	}
}

// flatLength returns at least the length of the list of p.
func flatLength(p *program) int {
	if p == nil {
		return 0
	}
	n := len(p.ops)
	for i := range p.ops {
		if o := &p.ops[i]; o.isTest() {
			n += flatLength(o.body) + flatLength(o.other) + 2
		}
	}
	return n
}

func (c *compiler) flattenBelow(p *program) {
	if p == nil {
		return
	}
	p.flat = p.ops
	for _, def := range p.inlines {
		c.flatten(def.body)
	}
	for i := range p.ops {
		o := &p.ops[i]
		if o.isTest() { // in a list with p, but for a context that is null
			c.flattenBelow(o.body)
			c.flattenBelow(o.other)
			continue
		}
		c.flatten(o.body)
		c.flatten(o.other)
		if o.partial != nil {
			c.flatten(o.partial.block)
		}
	}
}

// isTest says whether o is an if or unless whose branches can stand in one list with it.
func (o *op) isTest() bool {
	return o.code == opIf && (o.body == nil || o.body.plain) && (o.other == nil || o.other.plain)
}

func (c *compiler) appendFlat(dst, ops []op) []op {
	for _, o := range ops {
		if !o.isTest() {
			dst = append(dst, o)
			continue
		}
		test := len(dst)
		o.code = opTest
		dst = append(dst, o)
		if o.body != nil {
			dst = c.appendFlat(dst, o.body.ops)
		}
		dst[test].skip = int32(len(dst) - test - 1)
		if o.other != nil && len(o.other.ops) > 0 {
			jump := len(dst)
			dst = append(dst, op{code: opJump})
			dst[test].skip++
			dst = c.appendFlat(dst, o.other.ops)
			dst[jump].skip = int32(len(dst) - jump - 1)
		}
		if o.mark != 0 {
			dst = append(dst, op{code: opJump, text: string(c.env.marks.appendEnd(nil, &o))})
		}
		dst[test].whole = int32(len(dst) - test - 1)
	}
	return dst
}
