/* `signal` with `SIG_GET` returns the handler and changes nothing. wine 8 installs `SIG_GET` as the handler instead, so
   that a program with signal handlers crashes when Ctrl-C is pressed. */
#include <signal.h>

int main(void)
{
    signal(SIGINT, (void (*)(int))2);
    return signal(SIGINT, SIG_DFL) == SIG_DFL ? 0 : 1;
}
