// Everything a service needs.
#pragma once

#include "eventual/command.hpp"
#include "eventual/error.hpp"
#include "eventual/future.hpp"
#include "eventual/http.hpp"
#include "eventual/ids.hpp"
#include "eventual/options.hpp"
#include "eventual/query.hpp"
#include "eventual/schedule.hpp"
#include "eventual/schema.hpp"
#include "eventual/service.hpp"
#include "eventual/signal.hpp"
#include "eventual/task.hpp"
#include "eventual/time.hpp"
#include "eventual/update.hpp"
#include "eventual/workflow.hpp"
