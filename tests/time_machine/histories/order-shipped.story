processOrder/o-1 run 1, succeeded: 4 turns, 8 steps
turn 0  2026-11-22T15:55:02.304Z
  #1    execution_started {"id":"o-1","card":"visa","amount_cents":1999}
  #2      call 0: task_scheduled chargeCard {"id":"o-1","card":"visa","amount_cents":1999}  at examples/orders/orders.hpp:N
          waits for task chargeCard (call 0)  at examples/orders/orders.hpp:N
turn 1  2026-11-22T15:55:02.327Z  23 ms later
  #3    task_succeeded {"charge_id":"charge-1"}  (call 0)
  #4      call 1: condition_started due 2026-11-22T15:55:02.627Z  at examples/orders/orders.hpp:N
          waits for a condition (call 1)  at examples/orders/orders.hpp:N
turn 2  2026-11-22T15:55:02.627Z  300 ms later
  #5    call_timed_out  (call 1)
  #6      call 2: task_scheduled shipOrder {"id":"o-1","card":"visa","amount_cents":1999}  at examples/orders/orders.hpp:N
          waits for task shipOrder (call 2)  at examples/orders/orders.hpp:N
turn 3  2026-11-22T15:55:02.635Z  8 ms later
  #7    task_succeeded "parcel-3"  (call 2)
  #8    execution_succeeded {"order_id":"o-1","tracking_id":"parcel-3"}
the code agrees with the history
