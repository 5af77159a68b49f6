package seal

import (
	"context"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Private is an argument of a Redis command that names people, or may: a client with keys stores it sealed.
type Private []byte

// MarshalBinary implements encoding.BinaryMarshaler: without keys it is stored as it is.
func (p Private) MarshalBinary() ([]byte, error) { return p, nil }

// Behind is a Private argument behind some clear text, which the script reads that gets it.
type Behind struct {
	Clear   string
	Private []byte
}

// MarshalBinary implements encoding.BinaryMarshaler.
func (b Behind) MarshalBinary() ([]byte, error) { return append([]byte(b.Clear), b.Private...), nil }

// Use lets a client seal what is Private and open what is sealed. Call it once, before the client is used; a Ring without
// keys says so where it meets a sealed value.
func Use(rdb redis.UniversalClient, r *Ring) { rdb.AddHook(hook{r}) }

type hook struct{ ring *Ring }

// DialHook implements redis.Hook.
func (h hook) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return next(ctx, network, address)
	}
}

// ProcessHook implements redis.Hook.
func (h hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		h.seal(cmd)
		if c, ok := cmd.(*redis.StringCmd); ok && cmd.Name() == "getrange" && h.ring != nil {
			return h.rangeOf(ctx, next, c)
		}
		if err := next(ctx, cmd); err != nil {
			return err
		}
		return h.open(cmd)
	}
}

// rangeOf answers GETRANGE with bytes of the content: it reads the segments that have them. The offsets must not be negative.
func (h hook) rangeOf(ctx context.Context, next redis.ProcessHook, cmd *redis.StringCmd) error {
	args := cmd.Args()
	key, from, to := args[1], args[2].(int64), args[3].(int64)
	head, length := redis.NewStringCmd(ctx, "getrange", key, 0, HeadMax-1), redis.NewIntCmd(ctx, "strlen", key)
	for _, c := range []redis.Cmder{head, length} {
		if err := next(ctx, c); err != nil {
			cmd.SetErr(err)
			return err
		}
	}
	p, err := h.ring.Parts([]byte(head.Val()), length.Val())
	if err != nil {
		cmd.SetErr(err)
		return err
	}
	if p == nil {
		return next(ctx, cmd)
	}
	if to = min(to, p.Size-1); from > to {
		cmd.SetVal("")
		return nil
	}
	first, begin := p.Segment(from)
	last, _ := p.Segment(to)
	low, _ := p.Bytes(first)
	_, high := p.Bytes(last)
	stored := redis.NewStringCmd(ctx, "getrange", key, low, high-1)
	if err := next(ctx, stored); err != nil {
		cmd.SetErr(err)
		return err
	}
	var content []byte
	for n, rest := first, []byte(stored.Val()); n <= last; n++ {
		a, b := p.Bytes(n)
		size := min(int(b-a), len(rest))
		if content, err = p.Append(content, n, rest[:size]); err != nil {
			cmd.SetErr(err)
			return err
		}
		rest = rest[size:]
	}
	cmd.SetVal(string(content[from-begin : to+1-begin]))
	return nil
}

// ProcessPipelineHook implements redis.Hook.
func (h hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			h.seal(cmd)
		}
		err := next(ctx, cmds)
		for _, cmd := range cmds {
			if cmd.Err() != nil {
				continue
			}
			if failed := h.open(cmd); failed != nil && err == nil {
				err = failed
			}
		}
		return err
	}
}

// seal seals the arguments of a command, in their place.
func (h hook) seal(cmd redis.Cmder) {
	if !h.ring.Seals() {
		return
	}
	args := cmd.Args()
	asynq := isAsynq(cmd)
	for i, arg := range args {
		switch v := arg.(type) {
		case Private:
			args[i] = h.ring.Seal(v)
		case Behind:
			args[i] = append([]byte(v.Clear), h.ring.Seal(v.Private)...)
		case []byte:
			if asynq {
				args[i] = h.ring.Seal(v)
			}
		}
	}
}

// asynqPrefix begins Asynq's keys. Of the arguments of its scripts, messages alone are bytes.
const asynqPrefix = "asynq:"

// isAsynq reports a command on Asynq's data.
func isAsynq(cmd redis.Cmder) bool {
	args, at := cmd.Args(), 1
	switch cmd.Name() {
	case "eval", "evalsha":
		at = 3
	}
	if at >= len(args) {
		return false
	}
	key, _ := args[at].(string)
	return strings.HasPrefix(key, asynqPrefix)
}

// open opens the values of an answer, in their place.
func (h hook) open(cmd redis.Cmder) error {
	if cmd.Name() == "getrange" {
		return nil // in a pipeline it gives the stored bytes: a part of a value can't be opened alone
	}
	o := opener{ring: h.ring, lenient: isAsynq(cmd)}
	switch c := cmd.(type) {
	case *redis.StringCmd:
		if mayBeSealed(c.Val()) {
			c.SetVal(o.text(c.Val()))
		}
	case *redis.StringSliceCmd:
		for i, v := range c.Val() {
			c.Val()[i] = o.text(v)
		}
	case *redis.MapStringStringCmd:
		for k, v := range c.Val() {
			if mayBeSealed(v) {
				c.Val()[k] = o.text(v)
			}
		}
	case *redis.SliceCmd:
		o.values(c.Val())
	case *redis.Cmd:
		switch v := c.Val().(type) {
		case string:
			if mayBeSealed(v) {
				c.SetVal(o.text(v))
			}
		case []any:
			o.values(v)
		}
	}
	if o.err != nil {
		cmd.SetErr(o.err)
	}
	return o.err
}

type opener struct {
	ring    *Ring
	lenient bool // what can't be opened stays as it is: it is parked as a task that can't be read
	err     error
}

func (o *opener) values(list []any) {
	for i, v := range list {
		switch v := v.(type) {
		case string:
			list[i] = o.text(v)
		case []any:
			o.values(v)
		}
	}
}

// clearMax bounds the clear text that may stand before a sealed value: two numbers.
const clearMax = 48

func mayBeSealed(value string) bool {
	return strings.Contains(value[:min(len(value), clearMax+len(magic))], magic)
}

// text opens a value; clear text before it stays.
func (o *opener) text(value string) string {
	if !mayBeSealed(value) {
		return value
	}
	at := strings.Index(value, magic)
	data, err := o.ring.Open([]byte(value[at:]))
	if err != nil {
		if !o.lenient && o.err == nil {
			o.err = err
		}
		return value
	}
	return value[:at] + string(data)
}
