package handlebars

// same executes a block in the context of f, which is this.
func (r *run) same(p *program, this Value, f *frame) error {
	if p.plain && !f.this.IsNil() {
		return r.program(p, f)
	}
	s := r.child(f)
	s.this = this
	if p.scoped {
		s.openParams(nil)
	}
	err := r.program(p, &s.frame)
	r.nframe--
	return err
}

// context executes a block whose context is a value: with, each, and {{#field}}.
func (r *run) context(o *op, src *source, f *frame) error {
	v, err := r.eval(o.expr, src, f)
	if err != nil {
		return err
	}
	r.fuel -= v.weight() + f.this.weight() // contexts are compared
	if r.fuel < 0 {
		if err := r.refuel(src, o.pos); err != nil {
			return err
		}
	}
	this, other := notNull(f.this), v.IsEmpty()
	loop := o.code == opEach
	if o.code == opSection {
		this = f.this
		loop = v.kind == KindArray && !other
		other = v.IsNil() || v.kind == KindBool && v.bits == 0 || v.kind == KindArray && other
	}
	switch {
	case loop:
		return r.each(o, src, v, f)
	case other:
		if o.other == nil {
			return nil
		}
		return r.same(o.other, this, f)
	case o.body == nil:
		return nil
	case o.code == opSection && v.kind == KindBool:
		return r.same(o.body, this, f)
	}
	s := r.child(f)
	s.setThis(v, f.depth)
	if o.body.scoped {
		var values []Value
		if o.code == opWith {
			s.ownParams.two[0] = v
			values = s.ownParams.two[:1]
		}
		s.ownParams.values, s.ownParams.out = values, f.params
		s.params = &s.ownParams
	}
	err = r.program(o.body, &s.frame)
	r.nframe--
	return err
}

// each executes a block for each item of an array or member of an object.
func (r *run) each(o *op, src *source, v Value, f *frame) error {
	items, members := v.Items(), v.Members()
	n := len(items) + len(members)
	if n == 0 {
		if o.other == nil {
			return nil
		}
		return r.same(o.other, notNull(f.this), f)
	}
	if o.body == nil {
		return nil
	}
	s := r.child(f)
	s.ownData = dataFrame{loop: true, out: f.data}
	s.data = &s.ownData
	if o.body.scoped {
		s.openParams(nil)
		s.ownParams.values = s.ownParams.two[:]
	}
	var err error
	outer := f.this.weight()
	execute := (*run).operations
	if r.exec.Trace != nil || len(o.body.inlines) > 0 {
		execute = (*run).program
	}
	for i := range n {
		if r.fuel--; r.fuel < 0 || len(r.out) > r.most {
			if err = r.overdrawn(src, o.pos); err != nil {
				break
			}
		}
		var item, key Value
		if items != nil {
			item, key = items[i], Int(int64(i))
		} else {
			item, key = members[i].Value, String(members[i].Key)
		}
		r.fuel -= outer + item.weight()
		s.ownData.index, s.ownData.key, s.ownData.first, s.ownData.last = i, key, i == 0, i == n-1
		s.setThis(item, f.depth)
		if o.body.scoped {
			s.ownParams.two = [2]Value{item, key}
		}
		if err = execute(r, o.body, &s.frame); err != nil {
			break
		}
	}
	r.nframe--
	return err
}
