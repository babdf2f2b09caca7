package study

import "tiebreak/cuda/driver"

// Tap is a driver around another one, with a hand on three things that pass through it. It is used with one device.
type Tap struct {
	driver.Driver

	// Multiprocessors is what the device says it has; 0 leaves the truth. The backend prefers smaller tiles while there are
	// fewer of them than multiprocessors, so this number chooses between the variants of a kernel.
	Multiprocessors int

	// Image gives what is loaded in place of an image; nil loads images as they are.
	Image func(name string, data []byte) []byte

	// Launch is told of each launch before it takes place; nil is none.
	Launch func(kernel string, l driver.Launch)
}

// Open opens the device behind the tap.
func (t *Tap) Open(ordinal int) (driver.Context, error) {
	c, err := t.Driver.Open(ordinal)
	if err != nil {
		return nil, err
	}
	return &context{c, t}, nil
}

type context struct {
	driver.Context
	tap *Tap
}

func (c *context) Device() driver.Device {
	d := c.Context.Device()
	if c.tap.Multiprocessors > 0 {
		d.Multiprocessors = c.tap.Multiprocessors
	}
	return d
}

func (c *context) LoadModule(name string, image []byte) (driver.Module, error) {
	if c.tap.Image != nil {
		image = c.tap.Image(name, image)
	}
	m, err := c.Context.LoadModule(name, image)
	if err != nil {
		return nil, err
	}
	return &module{m}, nil
}

func (c *context) NewStream() (driver.Stream, error) {
	s, err := c.Context.NewStream()
	if err != nil {
		return nil, err
	}
	return &stream{s, c.tap}, nil
}

// module and function keep the name of a kernel beside it, which a launch does not carry.
type module struct{ driver.Module }

type function struct {
	driver.Function
	name string
}

func (m *module) Function(name string) (driver.Function, error) {
	f, err := m.Module.Function(name)
	if err != nil {
		return nil, err
	}
	return &function{f, name}, nil
}

type stream struct {
	driver.Stream
	tap *Tap
}

func (s *stream) Launch(f driver.Function, l driver.Launch) error {
	own := f.(*function)
	if s.tap.Launch != nil {
		s.tap.Launch(own.name, l)
	}
	return s.Stream.Launch(own.Function, l)
}
