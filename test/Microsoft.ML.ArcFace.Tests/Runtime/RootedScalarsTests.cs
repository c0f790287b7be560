using System.Reflection;
using System.Reflection.Emit;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Runtime;

/// <summary>
/// No code of the library but <see cref="TensorArithmetic"/> may call what makes TorchSharp's numbers, which nothing keeps
/// alive during the native call. What does is read from TorchSharp's own code: all that makes one or calls what does.
/// </summary>
[TestClass]
public class RootedScalarsTests
{
    private static readonly Lazy<HashSet<MethodBase>> Careless = new(FindCareless);

    [TestMethod]
    public void Library_OutsideOfTensorArithmetic_MakesNoNumbersThatMayBeFreed()
    {
        string[] violations =
        [
            .. from method in Libraries.Assemblies.SelectMany(CalledMethods.AllOf)
               where method.DeclaringType != typeof(TensorArithmetic)
               from violation in Violations(method)
               select violation,
        ];
        Assert.IsEmpty(violations, $"Use {nameof(TensorArithmetic)} instead:\n{string.Join('\n', violations)}");
    }

    [TestMethod]
    public void TensorArithmetic_EveryNumber_IsDisposedAfterTheCall()
    {
        int numbers = 0;
        foreach (MethodBase method in CalledMethods.AllOf(typeof(TensorArithmetic).Assembly).Where(method => method.DeclaringType == typeof(TensorArithmetic)))
        {
            MethodBase[] called = [.. CalledMethods.Of(method).Select(call => call.Called)];
            int made = called.Count(IsMaker), disposed = called.Count(call => call.Name == nameof(IDisposable.Dispose));
            Assert.AreEqual(made, disposed, CalledMethods.Describe(method));
            Assert.IsTrue(called.All(call => IsMaker(call) || !Careless.Value.Contains(call)), CalledMethods.Describe(method));
            numbers += made;
        }

        Assert.IsGreaterThan(20, numbers);
    }

    [TestMethod]
    public void Careless_TorchSharp_AreThoseItsSourcesShow()
    {
        string[] names = [.. Careless.Value.Select(CalledMethods.Describe)];
        foreach (string name in new[]
        {
            "Tensor.op_Multiply(Tensor, Double)", "Tensor.op_Addition(Tensor, Tensor)", "Tensor.add_(Tensor)", "Tensor.square()",
            "Tensor.softplus(Double, Double)", "BatchNorm.forward(Tensor)", "SGD.step(Func`1)", "AdamW.step(Func`1)",
        })
        {
            CollectionAssert.Contains(names, name);
        }

        foreach (string name in new[] { "Tensor.op_Subtraction(Tensor, Tensor)", "Tensor.mul(Tensor)", "Tensor.add_(Tensor, Scalar)", "Tensor.item()", "Linear.forward(Tensor)" })
        {
            CollectionAssert.DoesNotContain(names, name);
        }
    }

    [TestMethod]
    public void Violations_CarelessCode_AreFound()
    {
        foreach (Delegate careless in new Delegate[]
        {
            (Tensor x) => x * 2.0, (Tensor x) => x + x, (Tensor x) => x.clamp(0, 1), (Tensor x) => x.AddInPlace(1).add_(x),
            () => nn.Softplus(), (Tensor x) => new Func<Tensor>(x.square),
        })
        {
            Assert.AreEqual(1, Violations(careless.Method).Distinct().Count(), CalledMethods.Describe(careless.Method) + string.Join(';', Violations(careless.Method)));
        }

        Assert.IsEmpty(Violations(((Delegate)((Tensor x) => x.Times(2.0).Plus(x) - x)).Method));
    }

    private static IEnumerable<string> Violations(MethodBase method) =>
        from call in CalledMethods.Of(method)
        where (Careless.Value.Contains(call.Called) && !IsBaseConstructor(call)) || MakesCarelessModule(call)
        select $"{CalledMethods.Describe(method)} calls {CalledMethods.Describe(call.Called)}";

    /// <summary>Whether a layer of TorchSharp is made whose forward pass is careless: it is called through its base class.</summary>
    private static bool MakesCarelessModule((OpCode Code, MethodBase Called) call)
    {
        Type? made = call.Code == OpCodes.Newobj ? call.Called.DeclaringType
            : call.Called is MethodInfo { IsStatic: true, DeclaringType.FullName: "TorchSharp.torch+nn" } factory ? factory.ReturnType
            : null;
        for (Type? type = made; type is not null && type.Assembly == typeof(torch).Assembly; type = type.BaseType)
        {
            if (Careless.Value.Any(method => method.DeclaringType == type && method.Name == "forward"))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Of a class that derives from TorchSharp's: what is careless in it is found where it is called.</summary>
    private static bool IsBaseConstructor((OpCode Code, MethodBase Called) call) => call.Called.IsConstructor && call.Code == OpCodes.Call;

    private static HashSet<MethodBase> FindCareless()
    {
        Dictionary<MethodBase, MethodBase[]> calls = CalledMethods.AllOf(typeof(torch).Assembly)
            .ToDictionary(method => method, method => CalledMethods.Of(method).Select(call => call.Called).ToArray());
        HashSet<MethodBase> careless = [.. calls.Keys.Where(IsMaker)];
        int before;
        do
        {
            before = careless.Count;
            careless.UnionWith(calls.Where(entry => entry.Value.Any(careless.Contains)).Select(entry => entry.Key));
        }
        while (careless.Count > before);
        return careless;
    }

    /// <summary>Whether it makes a number itself.</summary>
    private static bool IsMaker(MethodBase method) =>
        (method.DeclaringType == typeof(Scalar) && method.Name is ("op_Implicit" or ".ctor"))
        || (method.DeclaringType == typeof(ScalarExtensionMethods) && method is MethodInfo made && made.ReturnType == typeof(Scalar));
}
