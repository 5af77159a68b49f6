package helpers

import (
	"strings"

	"golang.org/x/text/language"
)

// currencyPattern is how a locale writes an amount of money: C is the currency's sign, n the number, s a no-break
// space, - the minus. Unicode's CLDR has it, but golang.org/x/text does not tell.
type currencyPattern struct {
	positive, negative string
}

// currencyPatterns lists the locales of each pattern; a language with its region goes before the language alone.
var currencyPatterns = []struct {
	locales string
	pattern currencyPattern
}{
	{
		" af am bn-IN cy en es-419 es-BO es-CR es-DO es-GT es-HN es-MX es-NI es-PA es-PR es-SV es-US fa fil ga gd gu hi id ja " +
			"kn ko ml mr ms mt pa si ta te th tr ur zh zu ",
		currencyPattern{"Cn", "-Cn"},
	},
	{" as de-AT de-LI en-AT es-AR es-CO es-PE es-UY mn ms-BN ne pt sw ta-SG ", currencyPattern{"Csn", "-Csn"}},
	{" es-CL es-EC es-VE lo ", currencyPattern{"Cn", "C-n"}},
	{" de-CH it-CH ", currencyPattern{"Csn", "C-n"}},
	{" es-PY nl ", currencyPattern{"Csn", "Cs-n"}},
	{" bn km ", currencyPattern{"nC", "-nC"}},
	{" pt-AO pt-CH pt-MZ pt-PT ", otherPattern},
}

var otherPattern = currencyPattern{"nsC", "-nsC"}

func findCurrencyPattern(l language.Tag) currencyPattern {
	base, _ := l.Base()
	region, _ := l.Region()
	for _, name := range []string{" " + base.String() + "-" + region.String() + " ", " " + base.String() + " "} {
		for _, p := range currencyPatterns {
			if strings.Contains(p.locales, name) {
				return p.pattern
			}
		}
	}
	return otherPattern
}

const noBreakSpace = "\u00a0"

// appendCurrency prints an amount with the currency's sign; without a sign, the number alone. A sign that ends or
// begins with a letter never touches the number.
func (s *numberStyle) appendCurrency(dst []byte, d decimal, sign string, p currencyPattern) []byte {
	pattern := p.positive
	if d.negative {
		pattern = p.negative
	}
	if sign == "" {
		pattern = strings.NewReplacer("C", "", "s", "").Replace(pattern)
	}
	for i := range len(pattern) {
		switch pattern[i] {
		case '-':
			dst = append(dst, s.minusBefore...)
		case 's':
			dst = append(dst, noBreakSpace...)
		case 'n':
			if strings.HasSuffix(pattern[:i], "C") && isLetter(sign[len(sign)-1]) {
				dst = append(dst, noBreakSpace...)
			}
			dst = s.append(dst, d)
			if d.negative {
				dst = append(dst, s.minusAfter...)
			}
			if strings.HasPrefix(pattern[i+1:], "C") && isLetter(sign[0]) {
				dst = append(dst, noBreakSpace...)
			}
		default:
			dst = append(dst, sign...)
		}
	}
	return dst
}

func isLetter(c byte) bool { return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' }
