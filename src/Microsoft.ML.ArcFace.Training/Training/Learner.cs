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

    // Null where nobody but the labels teaches.
    private readonly TeacherTerm? _teacher;

    public Learner(InitialNetwork initial, TrainingRecipe recipe, TrainingPlan plan, int people, Device device, TeacherTerm? teacher = null)
    {
        _teacher = teacher;
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

        if (_teacher is not null)
        {
            state.Part("teacher", _teacher);
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

    /// <summary>Begins a run with what a teacher knows of the people: its projection, and class centers at its means.</summary>
    public void BeginWith(TaughtPeople people)
    {
        _teacher!.Begin(people);
        if (_head is ClassificationHead classification)
        {
            using Tensor centers = _teacher.Project(people.Means.to(_device));
            classification.BeginAt(centers);
        }
    }

    /// <summary>Embeds the views of a batch.</summary>
    public EmbeddedViews Embed(FaceBatch batch)
    {
        Tensor faces = FaceInput.ToTensor(batch.Pixels, batch.ViewCount, _device).to(_computeType);     // [n, 3, 112, 112]
        Tensor? taught = batch.Taught is { } vectors ? DeviceUpload.To(tensor(vectors).view(batch.ViewCount, -1), _device) : null;
        return new EmbeddedViews(_backbone.forward(faces), DeviceUpload.To(tensor(batch.Labels), _device), taught);
    }

    /// <summary>A step with what <see cref="Embed"/> gave.</summary>
    /// <param name="views">The views.</param>
    /// <param name="learningRate">Of this step.</param>
    /// <param name="marginFraction">The share of the margin in force.</param>
    /// <param name="step">Steps before this one.</param>
    /// <returns>
    /// The loss of the labels before the step and, with a teacher, the mean of 1 − cos to it: one or two numbers, where the step was
    /// computed. Reading them there waits for a GPU.
    /// </returns>
    public Tensor Learn(EmbeddedViews views, double learningRate, double marginFraction, int step)
    {
        using CenterSample? sample = _sampler?.Take(views.Labels);
        Tensor loss = _head.forward(views.Labeled, views.Labels, new LossStep(step, sample) { MarginFraction = marginFraction });
        (Tensor all, Tensor reported) = (loss, loss.detach().unsqueeze(0));
        if (_teacher is not null && views.Taught is { } taught)
        {
            (Tensor term, Tensor distance) = _teacher.Of(views.All, taught);
            (all, reported) = (loss.Plus(term), stack([loss.detach(), distance.to(loss.dtype)]));
        }

        _optimizer.ForgetGradients();
        all.backward();
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

        return reported;
    }

    /// <summary>The loss before the first step, at several shares of the margin: what <see cref="TrainingHealth"/> compares with.</summary>
    public double[] UntrainedLosses(EmbeddedViews views, int totalSteps)
    {
        using var noGradient = no_grad();

        // As annealed losses are at the end, where they are hardest; running statistics stay as they are.
        _head.eval();
        double[] losses = [.. TrainingHealth.MarginFractions.Select(fraction =>
        {
            using var scope = NewDisposeScope();
            var step = new LossStep(totalSteps, _sampler?.Take(views.Labels)) { MarginFraction = fraction };
            return (double)_head.forward(views.Labeled, views.Labels, step).item<float>();
        })];
        _head.train();
        return losses;
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _sampledOptimizer?.Dispose();
        _sampler?.Dispose();
        _teacher?.Dispose();
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
