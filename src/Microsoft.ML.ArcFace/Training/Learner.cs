using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>What learns: a backbone and the class centres of its loss, what trains them, and the averages that become the model.</summary>
internal sealed class Learner : IDisposable
{
    private readonly ArcFaceTrainer.Options _options;
    private readonly Device _device;
    private readonly ScalarType _computeType;

    private readonly FaceBackbone _backbone;
    private readonly LossHead _head;
    private readonly ParameterOptimizer _optimizer;
    private readonly Parameter[] _backboneParameters;

    // Where a step scores a sample of the people: the sample, and what trains its centres.
    private readonly SampledCenters? _sampled;
    private readonly SampledRowsOptimizer? _sampledOptimizer;

    private readonly WeightAverage[] _averages;

    public Learner(ArcFaceTrainer.Options options, TrainingRecipe recipe, int people, Device device)
    {
        _options = options;
        _device = device;
        _computeType = ComputeType(options.Precision, device);
        FaceBackbone CreateBackbone() => OnDevice(InitialBackbone.Create(options));
        LossHead CreateHead() => OnDevice(options.Loss.CreateHead(options.EmbeddingSize, people, recipe.Scale));

        (_backbone, _head) = (CreateBackbone(), CreateHead());
        UpdateRule rule = UpdateRule.Create(recipe.Optimizer, options.Momentum, recipe.WeightDecay);
        if (options.ClassSampleRate is { } rate && _head is ClassificationHead classification)
        {
            classification.SampleClasses(rate);
            _sampled = classification.Sampled!;
            _sampledOptimizer = new SampledRowsOptimizer(rule, _sampled);
        }

        (ResultBackbone, ResultHead, _averages) = (_backbone, _head, []);
        if (recipe.WeightAveragingDecay > 0)
        {
            ResultBackbone = CreateBackbone();
            _averages = [new WeightAverage(_backbone, ResultBackbone, recipe.WeightAveragingDecay)];
            if (_sampled is null)
            {
                // Averaging would read and write the centres of all people in each step.
                ResultHead = CreateHead();
                _averages = [.. _averages, new WeightAverage(_head, ResultHead, recipe.WeightAveragingDecay)];
            }
        }

        var backboneGroup = ParameterGroup.Of(_backbone, "backbone", InitialBackbone.LearningRateShare(options));
        _backboneParameters = [.. backboneGroup.Parameters.Select(named => named.Parameter)];
        _optimizer = new ParameterOptimizer(rule, backboneGroup, ParameterGroup.Of(_head, "head"));
    }

    /// <summary>What is validated and kept: the moving average, or the trained backbone itself. It stays when the learner is disposed of.</summary>
    public FaceBackbone ResultBackbone { get; }

    /// <summary>The class centres that go with it.</summary>
    public LossHead ResultHead { get; }

    /// <inheritdoc cref="LossHead.FallsWithTraining"/>
    public bool LossFallsWithTraining => _head.FallsWithTraining;

    /// <summary>
    /// Every tensor that a step changes: weights, statistics, class centres, optimizers and averages. The names are those
    /// of <see cref="ModuleState"/> and <see cref="ParameterOptimizer.State"/> behind what they belong to. Writing takes effect.
    /// </summary>
    public IEnumerable<(string Name, Tensor Tensor)> State =>
    [
        .. StateOf("backbone", _backbone),
        .. StateOf("head", _head),
        .. Named("optimizer", _optimizer.State),
        .. Named("optimizer.head.weight", _sampledOptimizer?.State ?? []),
        .. ReferenceEquals(ResultBackbone, _backbone) ? [] : StateOf("average.backbone", ResultBackbone),
        .. ReferenceEquals(ResultHead, _head) ? [] : StateOf("average.head", ResultHead),
    ];

    public static ScalarType ComputeType(TrainingPrecision? precision, Device device) => precision switch
    {
        TrainingPrecision.BFloat16 => ScalarType.BFloat16,
        null when TorchDevices.IsFastInBFloat16(device) => ScalarType.BFloat16,
        _ => ScalarType.Float32,
    };

    /// <summary>To be called before the first step, and after the backbone was used in evaluation mode.</summary>
    public void BeginToTrain() => _backbone.train();

    /// <summary>Embeddings [B, d] with their gradient, and labels [B].</summary>
    public (Tensor Embeddings, Tensor Labels) Embed(FaceBatch batch)
    {
        Tensor faces = FaceTensor.ToTensor(batch.Pixels, batch.Labels.Length, _device).to(_computeType); // [B, 3, 112, 112]
        return (_backbone.forward(faces), tensor(batch.Labels, device: _device));
    }

    /// <summary>A step with what <see cref="Embed"/> gave.</summary>
    /// <param name="embeddings">[B, d].</param>
    /// <param name="labels">[B].</param>
    /// <param name="learningRate">Of this step.</param>
    /// <param name="marginFraction">The share of the margin in force.</param>
    /// <param name="step">Steps before this one.</param>
    /// <returns>The loss before the step.</returns>
    public double Learn(Tensor embeddings, Tensor labels, double learningRate, double marginFraction, int step)
    {
        _head.Step = step;
        _head.MarginFraction = marginFraction;
        Tensor loss = _head.forward(embeddings, labels);
        _optimizer.ForgetGradients();
        loss.backward();
        GradientClipping.ToNorm(_backboneParameters, _options.GradientClippingNorm);
        _optimizer.Step(learningRate);
        _sampledOptimizer?.Step(learningRate);
        foreach (WeightAverage average in _averages)
        {
            average.Update(step);
        }

        return loss.item<float>();
    }

    /// <summary>The loss before the first step, at several shares of the margin: what <see cref="TrainingHealth"/> compares with.</summary>
    public double[] UntrainedLosses(Tensor embeddings, Tensor labels, int totalSteps)
    {
        using var noGradient = no_grad();

        // As annealed losses are at the end, where they are hardest; running statistics stay as they are.
        _head.Step = totalSteps;
        _head.eval();
        double[] losses = [.. TrainingHealth.MarginFractions.Select(fraction =>
        {
            using var scope = NewDisposeScope();
            _head.MarginFraction = fraction;
            return (double)_head.forward(embeddings, labels).item<float>();
        })];
        _head.train();
        _sampled?.Forget();
        return losses;
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _sampledOptimizer?.Dispose();
        _head.Dispose();
        ResultHead.Dispose();
        if (!ReferenceEquals(_backbone, ResultBackbone))
        {
            _backbone.Dispose();
        }
    }

    private T OnDevice<T>(T module) where T : nn.Module
    {
        module.to(_device);
        return module;
    }

    private static IEnumerable<(string, Tensor)> StateOf(string owner, nn.Module module) => Named(owner, ModuleState.Of(module));

    private static IEnumerable<(string, Tensor)> Named(string owner, IEnumerable<(string Name, Tensor Tensor)> state) =>
        state.Select(entry => ($"{owner}.{entry.Name}", entry.Tensor));
}
