// Command herald renders shortcuts and sends them: bulk emails, SMS, chats and notes. `herald --help` lists what it
// can do, `herald demo` shows it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // a bulk by local time needs the zones, which small images lack
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, stdio{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}
