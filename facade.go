package pinyon

import (
	"pinyon/config"
	"pinyon/internal/engine"
	"pinyon/internal/version"
	"pinyon/provenance"
)

// Config says what a flow is, which columns are wanted and how they are computed. Package
// config has its keys, files and hash.
type Config = config.Config

// DefaultConfig is the configuration of a run without one. It is the caller's to change.
func DefaultConfig() *Config { return config.Default() }

// LoadConfig reads configuration files, JSON or YAML by their names, a later one over those
// before it.
func LoadConfig(path string, more ...string) (*Config, error) { return config.Load(path, more...) }

// Version is the release's number; a build from a tagged module carries the tag.
const Version = version.Number

// Commit is the revision that the running program was built from, if the build knows.
func Commit() string { return version.Commit() }

// Counters sums the counters of all inputs.
func (r *Result) Counters() *provenance.Counters { return provenance.Sum(r.Inputs, r.Stats) }

// Provenance describes a run of the pipeline. res is nil before its end; sizes and hashes
// of the inputs are the caller's to fill in.
func (p *Pipeline) Provenance(ins []Input, res *Result) *provenance.Provenance {
	v := provenance.New(&p.cfg, p.profile, ins)
	v.Labels = p.labelled(res != nil)
	if res != nil {
		v.End(res.Inputs, res.Rows, res.Stats)
	}
	return v
}

// engineOptions puts what c says of flows and of the run into o. Workers is 0 for every
// core.
func engineOptions(c *Config, o *engine.Options) {
	o.Flow, o.Decap = c.Flow(), c.Decapsulation()
	o.KeyVLAN, o.Workers = c.KeyVLAN, c.NumWorkers
	o.Rate, o.Seed = c.SamplingRate, c.SamplingSeed
	o.Filter = c.BPFFilter
	o.WaitMemory, o.ShardKey = c.WaitMemory(), c.ShardKey
}
