-- Each request asks for a file of its own; each answer must be a redirect to the distribution.
local threads = {}
local asked = 0

function setup(thread)
  thread:set("id", #threads)
  table.insert(threads, thread)
end

function init(args)
  wrong = 0
  answered = 0
  prefix = args[1]
end

function request()
  asked = asked + 1
  return wrk.format("GET", prefix .. "file-" .. id .. "-" .. asked .. ".txt")
end

function response(status, headers, body)
  answered = answered + 1
  local location = headers["Location"] or headers["location"] or ""
  if status ~= 303 or location:sub(1, 31) ~= "https://media.example.com/file-" then
    wrong = wrong + 1
  end
end

function done(summary, latency, requests)
  local wrong, answered = 0, 0
  for _, thread in ipairs(threads) do
    wrong = wrong + thread:get("wrong")
    answered = answered + thread:get("answered")
  end
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"seconds": %f, "answered": %d, "wrong": %d, "socket_errors": %d, "p99_ms": %f}\n',
    summary.duration / 1e6, answered, wrong,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(99) / 1000
  ))
end
