package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/heraldsend/herald/worker/fault"
)

// flagOf says which flag gives a value, by the value's pointer. What a pointer says beyond one of these stands within the
// flag's value: in a file, or in a list by its place.
var flagOf = map[string]string{
	"/id": "--id", "/channel": "--channel", "/from": "--from", "/to": "--to", "/replyTo": "--reply-to", "/cc": "--cc", "/bcc": "--bcc",
	"/shortcut": "--shortcut", "/text": "--text", "/subject": "--subject", "/template": "--email-layout", "/context": "--context",
	"/locale": "--locale", "/timezone": "--timezone", "/attachments": "--attach", "/policy": "--policy", "/onIssue": "--on-issue",
	"/topic": "--topic", "/tags": "--tag", "/metadata": "--meta",
	"/unsubscribe": "--unsubscribe", "/chat/brand": "--brand", "/chat/assistant": "--assistant", "/chat/dialog": "--dialog",
	"/note/mentions": "--mention", "/sendAt": "--at", "/sendBefore": "--before", "/actions": "--actions",
	"/messages": "--channel", "/rate": "--rate", "/sendAtLocal": "--at-local", "/canary": "--canary", "/canary/maxFailurePercent": "--canary-fails",
	"/conversation": "--conversation", "/introduction": "--introduction", "/order": "--order", "/overflow": "--overflow", "/forwardedBy": "--by",
}

// inFlags names the faults of err by the flags that hold what is wrong. An error that holds none stays as it is. own has
// flags of one call beside those of flagOf.
func inFlags(err error, own map[string]string) error {
	faults := fault.In(err)
	if len(faults) == 0 {
		return err
	}
	texts := make([]error, len(faults))
	for i, f := range faults {
		texts[i] = errors.New(inFlag(f, own))
	}
	return errors.Join(texts...)
}

func inFlag(f fault.Fault, own map[string]string) string {
	for at := f.Pointer; at != ""; at = at[:strings.LastIndexByte(at, '/')] {
		flag, known := own[at]
		if !known {
			flag, known = flagOf[at]
		}
		if !known {
			continue
		}
		rest := f.Pointer[len(at):]
		if place, err := strconv.Atoi(strings.TrimPrefix(rest, "/")); err == nil {
			return fmt.Sprintf("%s, number %d: %s", flag, place+1, f.Detail)
		}
		if rest != "" {
			return fmt.Sprintf("%s: %s: %s", flag, rest, f.Detail)
		}
		return flag + ": " + f.Detail
	}
	return f.Error()
}
