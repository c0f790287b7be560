using Microsoft.ML.ArcFace.Backbones.Kernels;
using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>How a gradient moves a parameter, and what it remembers of a parameter from step to step.</summary>
/// <param name="stateNames">The names of the tensors of the parameter's shape that it remembers, 0 at the start.</param>
internal abstract class UpdateRule(params string[] stateNames)
{
    /// <summary>Numbers that are taken at once: they and their temporaries stay in the nearest cache.</summary>
    protected const int BlockLength = 1024;

    /// <summary>PyTorch's names.</summary>
    public IReadOnlyList<string> StateNames => stateNames;

    public static UpdateRule Create(TrainingOptimizer optimizer, double momentum, double weightDecay) => optimizer switch
    {
        TrainingOptimizer.Sgd => new MomentumRule(momentum, weightDecay),
        TrainingOptimizer.AdamW => new AdamWRule(weightDecay),
        _ => throw new InvalidOperationException($"{nameof(TrainingOptimizer)} {optimizer} is unknown."),
    };

    /// <summary>Changes the parameter and its state in place. All have one shape.</summary>
    /// <param name="parameter">What is trained.</param>
    /// <param name="gradient">Of the loss by the parameter; stays as it is.</param>
    /// <param name="state">In the order of <see cref="StateNames"/>.</param>
    /// <param name="learningRate">Of this step.</param>
    /// <param name="step">1 for the first that this state sees.</param>
    public void Update(Tensor parameter, Tensor gradient, Tensor[] state, double learningRate, long step)
    {
        if (!TensorMemory.AreFlat([parameter, gradient, .. state]))
        {
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            UpdateByTorch(parameter, gradient, state, learningRate, step);
            return;
        }

        int count = (int)parameter.NumberOfElements;
        ParallelSlices.Run(count, ParallelSlices.Count(count, 1), (_, begin, end) =>
        {
            Span<float> values = Values(parameter), slopes = Values(gradient), first = Values(state[0]), second = state.Length > 1 ? Values(state[1]) : [];
            for (int start = begin; start < end; start += BlockLength)
            {
                int length = Math.Min(BlockLength, end - start);
                Update(values.Slice(start, length), slopes.Slice(start, length), first.Slice(start, length),
                    second.IsEmpty ? [] : second.Slice(start, length), learningRate, step);
            }
        });
    }

    /// <summary>The rule for up to <see cref="BlockLength"/> numbers.</summary>
    protected abstract void Update(
        Span<float> parameter, ReadOnlySpan<float> gradient, Span<float> first, Span<float> second, double learningRate, long step);

    /// <summary>The same for tensors of any type, order and device.</summary>
    protected abstract void UpdateByTorch(Tensor parameter, Tensor gradient, Tensor[] state, double learningRate, long step);

    private static Span<float> Values(Tensor tensor) => TensorMemory.Values<float>(tensor);
}
