package moment

import "strings"

// rewriter replaces single characters of the printed text: 17 locales have their own digits, 11 their own comma.
// Moment does it to the finished text, literals and zone names included; here every part is rewritten when it is
// stored or printed, which comes to the same. A nil rewriter changes nothing.
type rewriter struct {
	digits  *[10]string // nil where digits stay
	replace *strings.Replacer
}

func newRewriter(chars map[string]string) *rewriter {
	if len(chars) == 0 {
		return nil
	}
	var pairs []string
	var digits [10]string
	r := &rewriter{}
	for from, to := range chars {
		pairs = append(pairs, from, to)
		if from >= "0" && from <= "9" {
			digits[from[0]-'0'] = to
			r.digits = &digits
		}
	}
	r.replace = strings.NewReplacer(pairs...)
	return r
}

func (r *rewriter) text(s string) string {
	if r == nil {
		return s
	}
	return r.replace.Replace(s)
}

func (r *rewriter) texts(list []string) []string {
	if r == nil {
		return list
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = r.text(s)
	}
	return out
}

// appendASCII appends text such as "+03" with the locale's digits, without allocating.
func (r *rewriter) appendASCII(dst []byte, s string) []byte {
	if r == nil || r.digits == nil {
		return append(dst, s...)
	}
	for i := range len(s) {
		if c := s[i]; c >= '0' && c <= '9' {
			dst = append(dst, r.digits[c-'0']...)
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

// appendInt appends n with at least width digits; a negative number has its sign before the zeros, and plus gives
// others a "+".
func (r *rewriter) appendInt(dst []byte, n int64, width int, plus bool) []byte {
	var buf [24]byte
	i := len(buf)
	u := uint64(n)
	if n < 0 {
		u = -u
	}
	for ; u >= 10; u /= 10 {
		i--
		buf[i] = byte('0' + u%10)
	}
	i--
	buf[i] = byte('0' + u)
	for len(buf)-i < width {
		i--
		buf[i] = '0'
	}
	switch {
	case n < 0:
		dst = append(dst, '-')
	case plus:
		dst = append(dst, '+')
	}
	if r == nil || r.digits == nil {
		return append(dst, buf[i:]...)
	}
	for _, c := range buf[i:] {
		dst = append(dst, r.digits[c-'0']...)
	}
	return dst
}
