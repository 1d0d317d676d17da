-- Requests the same hundred files below a prefix again and again.
local requests, number = {}, 0

function init(args)
  for i = 1, 100 do
    requests[i] = wrk.format("GET", args[1] .. "file-" .. i .. ".txt")
  end
end

function request()
  number = number % #requests + 1
  return requests[number]
end

function done(summary, latency, all)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"seconds": %f, "responses": %d, "errors": %d}\n',
    summary.duration / 1e6, summary.requests,
    errors.connect + errors.read + errors.write + errors.timeout + errors.status
  ))
end
