using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// Hands the losses of steps on as numbers. A number of a GPU can be read only when all steps before it are computed, and
/// while the training thread waits it gives the GPU nothing to do: so losses stay where they are for some steps and are
/// read together.
/// </summary>
/// <param name="interval">Steps that are read at once, at least 1.</param>
/// <param name="firstStep">The number of the step whose loss comes first.</param>
/// <param name="observe">Is told each step and its losses, in order.</param>
internal sealed class LossReadout(int interval, int firstStep, Action<int, float[]> observe) : IDisposable
{
    /// <summary>On a GPU: the share of the waiting is small, and a run that diverges is stopped soon enough.</summary>
    private const int GpuInterval = 20;

    private readonly List<Tensor> _unread = [];
    private int _next = firstStep;

    /// <summary>Steps that are read at once on a device. Reading a number of the processor waits for nothing.</summary>
    public static int IntervalOn(Device device) => device.type == DeviceType.CPU ? 1 : GpuInterval;

    /// <summary>Takes the losses of the next step, as many as of each; reads them and those before if it is time.</summary>
    public void Add(Tensor losses)
    {
        _unread.Add(losses.detach().DetachFromDisposeScope());
        if (_unread.Count >= interval)
        {
            Read();
        }
    }

    /// <summary>Reads what is not read yet.</summary>
    public void Read()
    {
        if (_unread.Count == 0)
        {
            return;
        }

        using var scope = NewDisposeScope();
        float[] losses = stack(_unread).to(ScalarType.Float32).cpu().data<float>().ToArray();
        int steps = _unread.Count;
        Forget();
        foreach (float[] loss in losses.Chunk(losses.Length / steps))
        {
            observe(_next++, loss);
        }
    }

    public void Dispose() => Forget();

    private void Forget()
    {
        _unread.ForEach(loss => loss.Dispose());
        _unread.Clear();
    }
}
