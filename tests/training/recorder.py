"""A reporter that remembers all calls, and may press Ctrl-C."""


class Recorder:
    """Remembers steps and epochs; interrupts after a number of steps, or at the end of an epoch."""

    def __init__(self, *, interrupt_step=None, interrupt_epoch=None):
        self.interrupt_step, self.interrupt_epoch = interrupt_step, interrupt_epoch
        self.starts, self.steps, self.epochs, self.histories = [], [], [], []

    def started(self, epochs, samples):
        self.starts.append((epochs, samples))

    def stepped(self, samples, loss):
        self.steps.append((samples, loss))
        if len(self.steps) == self.interrupt_step:
            raise KeyboardInterrupt

    def finished(self, epoch):
        self.epochs.append(epoch)
        if epoch.number == self.interrupt_epoch:
            raise KeyboardInterrupt

    def ended(self, history):
        self.histories.append(history)
