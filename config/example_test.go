package config_test

import (
	"fmt"

	"pinyon/config"
)

func ExampleFromJSON() {
	cfg, err := config.FromJSON([]byte(`{"features": "timing", "flow_timeout": 30}`))
	fmt.Println(cfg.Features, cfg.FlowTimeout, err)
	_, err = config.FromJSON([]byte("{\n  \"flow_timeot\": 30\n}"))
	fmt.Println(err)
	// Output:
	// [timing] 30 <nil>
	// line 2: flow_timeot: unknown key; did you mean "flow_timeout"?
}

func ExampleConfig_Validate() {
	cfg := config.Default()
	cfg.SamplingRate = 2
	fmt.Println(cfg.Validate())
	// Output: sampling_rate: 2 is not allowed; want a number from 0 to 1
}
