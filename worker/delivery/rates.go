package delivery

import (
	"strconv"
	"strings"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
)

// ParseLane reads what a rate is of, a channel ("sms") or a sender ("sms:+15550100"), in the form of Options.Rates. country is for
// phone numbers without a country's code.
func ParseLane(text, country string) (string, error) {
	name, sender, of := strings.Cut(text, ":")
	channel, err := message.ParseChannel(name)
	switch {
	case err != nil:
		return "", err
	case !of:
		return string(channel), nil
	}
	lane, err := SenderLane(channel, sender, country)
	if err != nil {
		return "", fault.At("", fault.Malformed, "%.100q: %s", text, err.Error())
	}
	return lane, nil
}

// ParseRates reads a list such as "email=200,sms:+15550100=1", in messages a second. Commas and blanks separate.
func ParseRates(list, country string) (map[string]float64, error) {
	rates := map[string]float64{}
	for entry := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		at := strings.LastIndexByte(entry, '=')
		perSecond, err := strconv.ParseFloat(entry[at+1:], 64)
		if err == nil {
			err = bulk.CheckRate(perSecond)
		}
		if at < 0 || err != nil {
			return nil, fault.At("", fault.Malformed, "%.100q is not a channel or sender and a number of messages a second, such as email=200 or sms:+15550100=1", entry)
		}
		lane, err := ParseLane(entry[:at], country)
		if err != nil {
			return nil, err
		}
		if _, twice := rates[lane]; twice {
			return nil, fault.At("", fault.Duplicate, "%.100q has two rates", lane)
		}
		rates[lane] = perSecond
	}
	return rates, nil
}
