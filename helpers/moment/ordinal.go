package moment

// ordinal gives the text of an ordinal number, which may depend on the token ("Do", "wo") and on the number.
type ordinal struct {
	forms []ordinalForm
	table []uint8 // form of 0…199, then of 200…299 for every larger number by its last two digits; nil: the first form
}

type ordinalForm struct {
	before, after string
	number        bool // false: Moment prints no number ("NaN")
}

// ordinalOf returns the ordinal of Moment's token letter: "M", "DDD", "w"…
func (l *Locale) ordinalOf(token string) *ordinal {
	if o, ok := l.ordinals[token]; ok {
		return o
	}
	return l.ordinals[""]
}

func (o *ordinal) append(dst []byte, n int64, r *rewriter) []byte {
	form := &o.forms[0]
	if o.table != nil && n >= 0 {
		i := n
		if n >= 200 {
			i = 200 + n%100
		}
		form = &o.forms[o.table[i]]
	}
	dst = append(dst, form.before...)
	if form.number {
		dst = r.appendInt(dst, n, 1, false)
	}
	return append(dst, form.after...)
}
