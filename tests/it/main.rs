mod loopback;
mod sources;
