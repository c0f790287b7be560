using Microsoft.ML.ArcFace.Networks;
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
internal sealed class Learner : IRunPart, IDisposable
{
    private readonly TrainingRecipe _recipe;
    private readonly Device _device;
    private readonly ScalarType _computeType;

    private readonly FaceBackbone _backbone;
    private readonly LossHead _head;
    private readonly ParameterOptimizer _optimizer;
    private readonly Parameter[] _backboneParameters;

    // Where a step scores a sample of the people: what takes samples, and what trains their centres.
    private readonly CenterSampler? _sampler;
    private readonly SampledRowsOptimizer? _sampledOptimizer;

    private readonly WeightAverage[] _averages;

    public Learner(InitialNetwork initial, TrainingRecipe recipe, TrainingPlan plan, int people, Device device)
    {
        _recipe = recipe;
        _device = device;
        _computeType = ComputeType(recipe.Precision, device);
        FaceBackbone CreateBackbone() => OnDevice(initial.Create());
        LossHead CreateHead() => OnDevice(recipe.Loss.CreateHead(_backbone!.EmbeddingSize, people, plan.Scale));

        _backbone = CreateBackbone();
        _head = CreateHead();
        UpdateRule rule = UpdateRule.Create(plan.Optimizer, recipe.Momentum, plan.WeightDecay);
        if (recipe.ClassSampleRate is { } rate && _head is ClassificationHead classification)
        {
            _sampler = new CenterSampler(classification, rate);
            _sampledOptimizer = new SampledRowsOptimizer(rule, _sampler);
        }

        (ResultBackbone, ResultHead, _averages) = (_backbone, _head, []);
        if (plan.WeightAveragingDecay > 0)
        {
            ResultBackbone = CreateBackbone();
            _averages = [new WeightAverage(_backbone, ResultBackbone, plan.WeightAveragingDecay)];
            if (_sampler is null)
            {
                // Averaging would read and write the centres of all people in each step.
                ResultHead = CreateHead();
                _averages = [.. _averages, new WeightAverage(_head, ResultHead, plan.WeightAveragingDecay)];
            }
        }

        var backboneGroup = ParameterGroup.Of(_backbone, "backbone", InitialNetwork.LearningRateShare(recipe));
        _backboneParameters = [.. backboneGroup.Parameters.Select(named => named.Parameter)];
        _optimizer = new ParameterOptimizer(rule, backboneGroup, ParameterGroup.Of(_head, "head"));
    }

    /// <summary>What is validated and kept: the moving average, or the trained backbone itself. It stays when the learner is disposed of.</summary>
    public FaceBackbone ResultBackbone { get; }

    /// <summary>The class centres that go with it.</summary>
    public LossHead ResultHead { get; }

    /// <inheritdoc cref="LossHead.FallsWithTraining"/>
    public bool LossFallsWithTraining => _head.FallsWithTraining;

    /// <summary>All that a step changes: weights, statistics, class centers, optimizers and averages.</summary>
    public void Transfer(RunState state)
    {
        state.Module("backbone", _backbone);
        state.Module("head", _head);
        state.Part("optimizer", _optimizer);
        if (_sampledOptimizer is not null)
        {
            state.Part("optimizer.head.weight", _sampledOptimizer);
        }

        if (!ReferenceEquals(ResultBackbone, _backbone))
        {
            state.Module("average.backbone", ResultBackbone);
        }

        if (!ReferenceEquals(ResultHead, _head))
        {
            state.Module("average.head", ResultHead);
        }
    }

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
        Tensor faces = FaceInput.ToTensor(batch.Pixels, batch.Labels.Length, _device).to(_computeType); // [B, 3, 112, 112]
        return (_backbone.forward(faces), DeviceUpload.To(tensor(batch.Labels), _device));
    }

    /// <summary>A step with what <see cref="Embed"/> gave.</summary>
    /// <param name="embeddings">[B, d].</param>
    /// <param name="labels">[B].</param>
    /// <param name="learningRate">Of this step.</param>
    /// <param name="marginFraction">The share of the margin in force.</param>
    /// <param name="step">Steps before this one.</param>
    /// <returns>The loss before the step, a scalar where the step was computed: reading it there waits for a GPU.</returns>
    public Tensor Learn(Tensor embeddings, Tensor labels, double learningRate, double marginFraction, int step)
    {
        using CenterSample? sample = _sampler?.Take(labels);
        Tensor loss = _head.forward(embeddings, labels, new LossStep(step, sample) { MarginFraction = marginFraction });
        _optimizer.ForgetGradients();
        loss.backward();
        GradientClipping.ToNorm(_backboneParameters, _recipe.GradientClippingNorm);
        _optimizer.Step(learningRate);
        if (sample is not null)
        {
            _sampledOptimizer!.Step(sample, learningRate);
        }

        foreach (WeightAverage average in _averages)
        {
            average.Update(step);
        }

        return loss;
    }

    /// <summary>The loss before the first step, at several shares of the margin: what <see cref="TrainingHealth"/> compares with.</summary>
    public double[] UntrainedLosses(Tensor embeddings, Tensor labels, int totalSteps)
    {
        using var noGradient = no_grad();

        // As annealed losses are at the end, where they are hardest; running statistics stay as they are.
        _head.eval();
        double[] losses = [.. TrainingHealth.MarginFractions.Select(fraction =>
        {
            using var scope = NewDisposeScope();
            var step = new LossStep(totalSteps, _sampler?.Take(labels)) { MarginFraction = fraction };
            return (double)_head.forward(embeddings, labels, step).item<float>();
        })];
        _head.train();
        return losses;
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _sampledOptimizer?.Dispose();
        _sampler?.Dispose();
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
}
