// The echo server over Go's net package: a goroutine for each connection.
//
//	go-echo ADDRESS [--workers N] [--buffer BYTES] [--mode MODE]
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"runtime"
	"time"
)

type options struct {
	address string
	workers int
	buffer  int
	mode    string
}

// What a server does with a connection, by its name on the command line.
var modes = map[string]func(net.Conn, []byte) error{
	"echo":   echo,
	"sink":   sink,
	"source": source,
	"deadline-later": func(conn net.Conn, buf []byte) error {
		return echoAsAsked(conn, buf, time.Microsecond)
	},
	"deadline-earlier": func(conn net.Conn, buf []byte) error {
		return echoAsAsked(conn, buf, -time.Microsecond)
	},
}

func main() {
	options := parse(os.Args[1:])
	serve, known := modes[options.mode]
	if !known {
		refuse(fmt.Sprintf("there is no mode %s here", options.mode))
	}
	runtime.GOMAXPROCS(options.workers)
	// Without keep-alive, which costs Go three system calls a connection, for no other peer has it. No delay is Go's default.
	config := net.ListenConfig{KeepAlive: -1}
	listener, err := config.Listen(context.Background(), "tcp", options.address)
	if err != nil {
		fail(err)
	}
	if _, err := fmt.Printf("listening on %s\n", listener.Addr()); err != nil {
		fail(err)
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			fail(err)
		}
		// An error ends this connection and nothing else.
		go func() {
			defer conn.Close()
			_ = serve(conn, make([]byte, options.buffer))
		}()
	}
}

func echo(conn net.Conn, buf []byte) error {
	for {
		read, err := conn.Read(buf)
		if err != nil {
			return err
		}
		if _, err := conn.Write(buf[:read]); err != nil {
			return err
		}
	}
}

func sink(conn net.Conn, buf []byte) error {
	for {
		if _, err := conn.Read(buf); err != nil {
			return err
		}
	}
}

func source(conn net.Conn, buf []byte) error {
	for {
		if _, err := conn.Write(buf); err != nil {
			return err
		}
	}
}

// The bit by which a message asks for a deadline before the next read.
const mark = 1 << 7

// The deadlines are an hour away and move by step; the one read of the clock is at the connection's start.
func echoAsAsked(conn net.Conn, buf []byte, step time.Duration) error {
	deadline := time.Now().Add(time.Hour)
	for {
		read, err := conn.Read(buf)
		if err != nil {
			return err
		}
		if _, err := conn.Write(buf[:read]); err != nil {
			return err
		}
		if buf[0]&mark != 0 {
			deadline = deadline.Add(step)
			if err := conn.SetReadDeadline(deadline); err != nil {
				return err
			}
		}
	}
}

// The address may stand before the flags or after them.
func parse(arguments []string) options {
	var options options
	flags := flag.NewFlagSet("go-echo", flag.ExitOnError)
	flags.IntVar(&options.workers, "workers", 1, "how many threads run goroutines")
	flags.IntVar(&options.buffer, "buffer", 4096, "the size of each connection's buffer, in bytes")
	flags.StringVar(&options.mode, "mode", "echo", "echo, sink, source, deadline-later or deadline-earlier")
	if len(arguments) > 0 && arguments[0] != "" && arguments[0][0] != '-' {
		options.address, arguments = arguments[0], arguments[1:]
	}
	// It ends the program by itself.
	_ = flags.Parse(arguments)
	rest := flags.Args()
	if options.address == "" && len(rest) > 0 {
		options.address, rest = rest[0], rest[1:]
	}
	switch {
	case options.address == "":
		refuse("where to listen is not given: ADDRESS")
	case len(rest) > 0:
		refuse(fmt.Sprintf("unexpected argument %s", rest[0]))
	case options.workers < 1:
		refuse(fmt.Sprintf("--workers must be at least 1, not %d", options.workers))
	case options.buffer < 1:
		refuse(fmt.Sprintf("--buffer must be at least 1, not %d", options.buffer))
	}
	return options
}

func refuse(why string) {
	fmt.Fprintf(os.Stderr, "go-echo: %s\n", why)
	os.Exit(2)
}

func fail(err error) {
	fmt.Fprintf(os.Stderr, "go-echo: %s\n", err)
	os.Exit(1)
}
